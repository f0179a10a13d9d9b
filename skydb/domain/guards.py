"""Checks of the inputs of a run, before it starts; each has a name that is a kind of finding.

A flag is shown and recorded with the run, which then ends with exit code 5; a refusal ends the
run before anything is done. Guards do not flag a field that was aligned as a whole, or that is
in one frame of the archive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skydb.domain.choice import ChosenInput
from skydb.domain.delivery import DeliveryKey
from skydb.domain.frames import Base, Bases, apart, frame_of
from skydb.domain.units import common_unit
from skydb.domain.values import is_mirrored
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import FindingKind, ProductKind
from skydb.errors import InputsRefusedError, UsageError

#: Guards by the name that `--allow` takes.
GUARDS = (
    FindingKind.MIXED_ALIGNMENT,
    FindingKind.MIXED_FRAMES,
    FindingKind.MIXED_KINDS,
    FindingKind.MIXED_UNITS,
    FindingKind.NOT_FITTED,
    FindingKind.STALE_INPUT,
    FindingKind.TIED_DELIVERY,
    FindingKind.FLAGGED_INPUT,
    FindingKind.QUALITY,
    FindingKind.NO_SIGNAL,
    FindingKind.BAD_PIXELS,
    FindingKind.ISLANDS,
)

#: Guards whose flags refuse a run unless they are allowed.
_REFUSING = frozenset({FindingKind.MIXED_ALIGNMENT})

#: Names that are listed in one sentence.
_FEW = 6


@dataclass(frozen=True, slots=True)
class Flag:
    """A problem that a guard found in the inputs.

    Parameters
    ----------
    guard : FindingKind
        Its name.
    subject : str
        Rootname, or what it is about.
    message : str
        What is wrong and what it means.
    refuses : bool
        Whether the run must not start.
    cure : str
        What to do where nothing can allow it; empty where ``--allow`` can.
    """

    guard: FindingKind
    subject: str
    message: str
    refuses: bool = False
    cure: str = ""

    @property
    def sentence(self) -> str:
        """Problem and guard in one sentence."""
        return f"{self.guard}: {self.subject}: {self.message}"


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The guards that the user disables or makes fatal.

    Parameters
    ----------
    strict : bool
        Whether every flag refuses.
    allowed : frozenset of FindingKind
        Guards that are silenced for this run; recorded with it.
    """

    strict: bool = False
    allowed: frozenset[FindingKind] = field(default_factory=frozenset)

    @classmethod
    def of(cls, *, strict: bool = False, allow: Iterable[str] = ()) -> GuardPolicy:
        """Make the policy from options.

        Raises
        ------
        UsageError
            When there is no guard of a name.
        """
        known = {guard.value: guard for guard in GUARDS}
        unknown = sorted(set(allow) - known.keys())
        if unknown:
            raise UsageError(
                f"Unknown guard {', '.join(unknown)}.", advice=f"Guards: {', '.join(known)}."
            )
        return cls(strict, frozenset(known[name] for name in allow))

    def as_parameters(self) -> dict[str, object]:
        """JSON-able, without what was left out."""
        found: dict[str, object] = {"strict": True} if self.strict else {}
        if self.allowed:
            found["allowed"] = sorted(guard.value for guard in self.allowed)
        return found

    def apply(self, flags: Iterable[Flag], table: Sequence[Mapping[str, object]]) -> list[Flag]:
        """Leave out the allowed flags.

        Parameters
        ----------
        flags : iterable of Flag
        table : sequence of mapping
            The inputs, as a refusal shows them.

        Raises
        ------
        InputsRefusedError
            When one of them refuses; it has the table of the inputs.
        """
        left = [flag for flag in flags if flag.cure or flag.guard not in self.allowed]
        left = [replace(flag, refuses=flag.refuses or self.strict) for flag in left]
        refusing = [flag for flag in left if flag.refuses]
        if refusing:
            raise InputsRefusedError(
                " ".join(flag.sentence for flag in refusing),
                rows=[dict(row) for row in table],
                advice=_cure_of(refusing),
            )
        return left


def _cure_of(refusing: Sequence[Flag]) -> str:
    cures = list(dict.fromkeys(flag.cure for flag in refusing if flag.cure))
    if cures:
        return " ".join(cures)
    names = sorted({flag.guard.value for flag in refusing})
    return f"To run nevertheless: {' '.join(f'--allow {name}' for name in names)}."


def flags_of(
    chosen: Sequence[ChosenInput], remarks: Mapping[str, Sequence[str]] | None = None
) -> list[Flag]:
    """Collect the flags of the inputs of one field.

    Parameters
    ----------
    chosen : sequence of ChosenInput
        The inputs.
    remarks : mapping, optional
        Notes and flags on each exposure, by rootname.
    """
    found = [flag for check in _CHECKS for flag in check(chosen)]
    for rootname, texts in (remarks or {}).items():
        found += [Flag(FindingKind.FLAGGED_INPUT, rootname, text) for text in texts]
    return [replace(flag, refuses=flag.refuses or flag.guard in _REFUSING) for flag in found]


def mixed_alignment(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag inputs when some were moved by an accepted fit and others were not.

    Visits that were aligned to each other are in one frame with the visit that stayed.
    """
    known = Bases()
    bases = {one.rootname: known.of(one.version) for one in chosen}
    moved = {name: base for name, base in bases.items() if base is not None}
    at_rest = frozenset().union(*moved.values())
    left = [
        one.rootname for one in chosen if bases[one.rootname] is None and one.version not in at_rest
    ]
    if moved and left:
        verb = "does" if len(left) == 1 else "do"
        message = (
            f"{len(moved)} of {len(chosen)} inputs hold an accepted fit, and "
            f"{listed(left)} {verb} not: they are on different frames."
        )
        yield Flag(FindingKind.MIXED_ALIGNMENT, "inputs", message)
    elif len(frames := apart(moved.values())) > 1:
        listing = "; ".join(_in_frame(frame, moved) for frame in frames)
        message = f"the accepted fits of the inputs are on different frames ({listing})."
        yield Flag(FindingKind.MIXED_ALIGNMENT, "inputs", message)


def _in_frame(frame: Base, moved: Mapping[str, Base]) -> str:
    """Name a frame, and the inputs that were moved to it."""
    names = [name for name, base in moved.items() if base == frame or base & frame]
    visits = sorted({one.product.visit.label for one in frame})
    where = f"aligned to visit {', '.join(visits)}" if visits else "fitted to a catalogue"
    return f"{where}: {listed(names)}"


def mixed_frames(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag inputs whose WCS were aligned to different frames."""
    frames: dict[str, list[str]] = defaultdict(list)
    for one in chosen:
        solution = one.version.current_solution
        frames[frame_of(solution) if solution else "no WCS"].append(one.rootname)
    if len(frames) > 1:
        listing = "; ".join(f"{frame}: {listed(names)}" for frame, names in sorted(frames.items()))
        message = f"the WCS of the inputs are aligned to different frames ({listing})."
        yield Flag(FindingKind.MIXED_FRAMES, "inputs", message)
    yield from _mirrored(chosen)


def _mirrored(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag inputs when some show the sky mirrored: a sign of CD is wrong."""
    names: dict[bool, list[str]] = defaultdict(list)
    for one in chosen:
        solution = one.version.current_solution
        for chip in solution.chips[:1] if solution else ():
            cd = (chip.cd1_1_deg, chip.cd1_2_deg, chip.cd2_1_deg, chip.cd2_2_deg)
            names[is_mirrored(cd)].append(one.rootname)
    if len(names) > 1:
        less, more = sorted(names.values(), key=lambda some: (len(some), some))
        message = (
            f"the CD matrices of {listed(less)} are mirrored against those of {listed(more)}: a "
            "sign is wrong in the headers of some."
        )
        yield Flag(FindingKind.MIXED_FRAMES, "inputs", message)


def mixed_kinds(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag FLC beside FLT: some inputs are corrected for charge-transfer efficiency."""
    plain = [one.rootname for one in chosen if one.version.product.kind is not ProductKind.FLC]
    if 0 < len(plain) < len(chosen):
        message = f"no FLC is used of {listed(plain)}; the others are corrected for CTE."
        yield Flag(FindingKind.MIXED_KINDS, "inputs", message)


def stale_input(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Find inputs of which a newer archive version exists."""
    for one in chosen:
        version = one.version
        if not version.is_newest_delivery:
            yield Flag(FindingKind.STALE_INPUT, one.rootname, _why_stale(version))


def _why_stale(version: ProductVersion) -> str:
    """Describe the version that is used and the one that represents the exposure."""
    newest, used = version.product.deliveries[-1], f"version {version.number} is used"
    facts = f"{newest.cal_ver or 'no CAL_VER'}, {newest.date_written or 'no DATE'}"
    mine, last = DeliveryKey.of(version.origin), DeliveryKey.of(newest)
    if mine == replace(last, is_own_name=mine.is_own_name):
        which = "the one under the name of its header" if mine != last else "the last that came"
        return f"{used}; version {newest.number} has equal calibration ({facts}) and is {which}."
    return f"{used}; version {newest.number} is of a newer archive version ({facts})."


def tied_delivery(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Find archive versions that their headers do not order, or order both ways."""
    for one in chosen:
        origin = one.version.origin
        mine = DeliveryKey.of(origin)
        twins = [
            other.reference
            for other in one.version.product.deliveries
            if other is not origin and _is_doubtful(mine, DeliveryKey.of(other))
        ]
        if twins:
            message = (
                f"CAL_VER, DATE, OPUS_VER and IDCTAB do not show whether {origin.reference} or "
                f"{', '.join(twins)} is newer; {origin.reference} is used."
            )
            yield Flag(FindingKind.TIED_DELIVERY, one.rootname, message)


def _is_doubtful(mine: DeliveryKey, other: DeliveryKey) -> bool:
    return mine.compare(other) == 0 or mine.contradicts(other)


def quality(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag exposures that went wrong by their header, or without known flags."""
    for one in chosen:
        condition = one.version.condition
        complaints = list(condition.complaints)
        if one.version.lacks_flags:
            complaints.append("its flags (c1m) are not in the ledger, so no bad pixel is left out")
        if complaints and not condition.has_no_signal:
            yield Flag(FindingKind.QUALITY, one.rootname, f"{'; '.join(complaints)}.")


def mixed_units(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag counts beside electrons, and rates beside totals: conversions and obstacles."""
    found = common_unit(
        {one.rootname: one.version.condition for one in chosen if one.version.has_signal}
    )
    if found.obstacles:
        units = found.by_unit.items()
        listing = "; ".join(f"{unit}: {listed(names)}" for unit, names in units)
        message = (
            f"the images have different units ({listing}) and cannot be converted: "
            f"{listed(found.obstacles)}. Their skies cannot be compared."
        )
        cure = "Run the exposures of each unit by themselves (--exclude, --exposure)."
        yield Flag(FindingKind.MIXED_UNITS, "inputs", message, refuses=True, cure=cure)
    for name, conversion in found.conversions.items():
        yield Flag(FindingKind.MIXED_UNITS, name, conversion.sentence)


def no_signal(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Flag exposures that no tool is given."""
    for one in chosen:
        if not one.version.has_signal:
            message = "it has no exposure time or no good pixel, and is left out: its sky is NULL."
            yield Flag(FindingKind.NO_SIGNAL, one.rootname, message)


def listed(names: Collection[str]) -> str:
    """List the first of some names, and the number of the others."""
    first = ", ".join(list(names)[:_FEW])
    more = len(names) - _FEW
    return f"{first} and {more} more" if more > 0 else first


_CHECKS: tuple[Callable[[Sequence[ChosenInput]], Iterator[Flag]], ...] = (
    mixed_alignment,
    mixed_frames,
    mixed_kinds,
    stale_input,
    tied_delivery,
    quality,
    mixed_units,
    no_signal,
)
