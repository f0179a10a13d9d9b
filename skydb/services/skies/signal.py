"""Check of the pixels of the inputs, independent of headers: no signal, no measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from skydb.domain.guards import Flag
from skydb.domain.vocabulary import FindingKind
from skydb.errors import FileRejectedError
from skydb.files.usable import AcceptedFlags, ChipState, chip_states, lit_states, prepared_copy
from skydb.services.core import Context
from skydb.services.skies.recipe import RunInputs
from skydb.store import overlap_queries
from skydb.threads import Threads

States = Mapping[str, tuple[ChipState, ...]]


@dataclass(frozen=True)
class Signal:
    """Inputs with and without signal in their pixels.

    Parameters
    ----------
    states : mapping of str to tuple of ChipState
        By rootname, of those that were looked at.
    accepted : AcceptedFlags
        The flags that do not make a pixel bad.
    """

    states: States = field(default_factory=dict)
    accepted: AcceptedFlags = field(default_factory=lambda: AcceptedFlags(0, 0))

    @property
    def blind(self) -> tuple[str, ...]:
        """Exposures of which no chip has signal."""
        return tuple(
            name for name, chips in self.states.items() if not any(c.has_signal for c in chips)
        )

    @property
    def blind_chips(self) -> frozenset[tuple[str, int]]:
        """Chips without signal, by rootname and EXTVER."""
        return frozenset(
            (name, chip.extver)
            for name, chips in self.states.items()
            for chip in chips
            if not chip.has_signal
        )

    @property
    def subjects(self) -> frozenset[str]:
        """Exposures without signal, and single chips of others, as findings name them."""
        chips = {f"{name}[{extver}]" for name, extver in self.blind_chips if name not in self.blind}
        return frozenset((*self.blind, *chips))

    def flags(self) -> Iterator[Flag]:
        """Flag inputs before a run starts."""
        for name, chips in self.states.items():
            if name in self.blind:
                why = _NO_ERROR if any(chip.lacks_errors for chip in chips) else _NO_PIXEL
                yield Flag(FindingKind.NO_SIGNAL, name, f"{why}, and is left out: {_NULL}")
                continue
            for chip in chips:
                if not chip.has_signal:
                    subject = f"{name}[{chip.extver}]"
                    why = _NO_ERROR if chip.lacks_errors else _NO_PIXEL
                    message = f"{why}, and takes no part: {_NULL}"
                    yield Flag(FindingKind.NO_SIGNAL, subject, message)
                elif chip.unmeasured or chip.without_error:
                    yield Flag(
                        FindingKind.BAD_PIXELS, f"{name}[{chip.extver}]", self._message(chip)
                    )

    def _message(self, chip: ChipState) -> str:
        bad = {
            "are not numbers or beyond any detector": chip.unmeasured,
            "have an ERR that is not a number": chip.without_error,
        }
        listed = " and ".join(f"{count} pixels {why}" for why, count in bad.items() if count)
        what = f"{listed}, without a flag"
        if self.accepted.free is None:
            return f"{what}; as no step uses flags, they can be holes in the mosaic."
        return f"{what}; in the copy that is used they are flagged ({self.accepted.free})."


_NO_PIXEL = "it has no pixel of the sky (flagged, not numbers, or all the same)"
_NO_ERROR = "it has no pixel of the sky with a usable ERR (not numbers)"
_NULL = "its sky is NULL."


@dataclass(frozen=True)
class MeasureSignal:
    """Looks at the pixels of the inputs before a tool does.

    Parameters
    ----------
    context : Context
    jobs : int
        Exposures that are looked at beside each other.
    """

    context: Context
    jobs: int = 2

    def of(self, inputs: RunInputs, accepted: AcceptedFlags) -> Signal:
        """State of all inputs, from their files.

        Raises
        ------
        FileRejectedError
            When a file cannot be read.
        """
        return Signal(self._states(inputs.paths, partial(chip_states, accepted=accepted)), accepted)

    def of_unknown(self, inputs: RunInputs, accepted: AcceptedFlags, recipe: str) -> Signal:
        """Exposures and chips without signal, where the ledger has levels from its levels.

        What cannot be read is left to the engine, whose run then fails with the reason.
        """
        ids = dict(inputs.version_ids)
        with self.context.store.reading() as session:
            known = overlap_queries.lit_chips(session, ids.values(), recipe)
            resolve = self.context.workspace.resolve
            names = {key: name for name, key in ids.items()}
            paths = {
                names[version.id]: resolve(version.path)
                for version in overlap_queries.places(session, ids.values() - known.keys())
                if version.locations
            }
        states = {
            name: tuple(ChipState(extver, 0, lit) for extver, lit in sorted(chips.items()))
            for name, key in ids.items()
            if (chips := known.get(key))
        }
        try:
            found = self._states(paths, partial(lit_states, accepted=accepted))
        except FileRejectedError:
            found = {}
        return Signal({**states, **found}, accepted)

    def _states(
        self, paths: Mapping[str, Path], look: Callable[[Path], tuple[ChipState, ...]]
    ) -> dict[str, tuple[ChipState, ...]]:
        with Threads(self.jobs) as pool:
            return dict(zip(paths, pool.map(look, paths.values()), strict=True))


def prepared(inputs: RunInputs, signal: Signal, directory: Path) -> RunInputs:
    """The inputs as a tool can be given them: in one unit, with every bad pixel flagged.

    Files that need it are copied under their names; the others stay what they are.

    Parameters
    ----------
    inputs : RunInputs
        Of which no two files have one name; those without signal are left out.
    signal : Signal
        What their pixels say.
    directory : Path
        Where the copies go.

    Raises
    ------
    UsageError
        When no exposure has signal.
    FileRejectedError
        When a copy cannot be made.
    """
    seen = inputs.without([name for name in signal.blind if name in inputs.version_ids])
    paths = dict(seen.paths)
    for name, path in seen.paths.items():
        chips = signal.states.get(name, ())
        conversion = seen.conversions.get(name)
        if conversion is not None or any(chip.needs_copy for chip in chips):
            paths[name] = directory / path.name
            prepared_copy(path, paths[name], conversion, signal.accepted)
    return replace(seen, paths=paths)
