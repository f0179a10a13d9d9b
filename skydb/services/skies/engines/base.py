"""Interface of engines to the service of runs, and records that all engines keep."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from skydb.domain import Activity, Mosaic, SkyRun, VisitDrizzle
from skydb.domain.guards import listed
from skydb.domain.islands import how_apart
from skydb.domain.overlap import ChipKey
from skydb.domain.vocabulary import ActivityStatus, Engine, FindingKind
from skydb.drizzle.crmasks import MaskReading
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import SkydbError
from skydb.files.checksum import sha256_of
from skydb.files.products import image_shape_pix
from skydb.interruption import held, litter
from skydb.services.core import Context
from skydb.services.skies.recipe import Islands, RunInputs

#: Directory below the data root with one directory a run.
_RUNS = "runs"


class SkyEngine(Protocol):
    """Takes runs from their beginning to their end.

    An engine is made of a context and of settings, and is given the ids of runs: any
    process that has opened the same ledger can do the work.
    """

    @property
    def name(self) -> Engine:
        """Engine in the rows of the runs."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Its part of a recipe: everything that changes a result, JSON-able."""

    @property
    def reads_files(self) -> bool:
        """Whether the files of all inputs are read whatever the ledger knows."""

    @property
    def has_mosaic(self) -> bool:
        """Whether its runs have mosaics."""

    @property
    def shares_work(self) -> bool:
        """Whether all methods are one piece of work, better given at once."""

    def execute(self, run_ids: Sequence[int], inputs: RunInputs | None = None) -> None:
        """Do the work of running runs of the same inputs, and record how it ended.

        A tool or a file that fails leaves FAILED rows and is not raised.

        Parameters
        ----------
        run_ids : sequence of int
            Runs that were begun.
        inputs : RunInputs, optional
            Their inputs; taken from the ledger, and their files checked, when left out.

        Raises
        ------
        BaseException
            Whatever is no failure of a tool or of a file.
        """


@contextmanager
def guarded_runs(context: Context, run_ids: Sequence[int], label: str) -> Iterator[None]:
    """Work that several runs share: whatever ends it badly fails all that still run."""
    with ExitStack() as stack:
        for run_id in run_ids:
            stack.enter_context(context.guarded(SkyRun, run_id, label))
        yield


@contextmanager
def run_home(context: Context, run_id: int) -> Iterator[tuple[str, str]]:
    """Make the directory of a run; it is removed when the block fails.

    An interruption can come after the good end was committed: the directory is of a run that
    has succeeded then, and stays.
    """
    again = f".{context.attempt}" if context.attempt > 1 else ""
    parts = context.workspace.free(_RUNS, f"{run_id}{again}")
    home = context.workspace.root.joinpath(*parts)

    def is_kept() -> bool:
        return _is_on_record(context, run_id, context.workspace.relative(home))

    with litter(home, is_kept):
        try:
            yield parts
        except BaseException:
            with held():
                if not is_kept():
                    shutil.rmtree(home, ignore_errors=True)
            raise


def _is_on_record(context: Context, run_id: int, home: str) -> bool:
    """Whether a run has ended well with what is in a directory; true when that cannot be known."""
    try:
        with context.store.reading() as session:
            row = session.execute(
                select(Activity.status, Activity.log_path).where(Activity.id == run_id)
            ).one_or_none()
    except SkydbError:
        return True
    if row is None or row.status is not ActivityStatus.SUCCEEDED:
        return False
    return (row.log_path or "").startswith(f"{home}/")


def keep_file(context: Context, home: tuple[str, str], source: Path, name: str) -> str:
    """Copy a file of a run; return its path in the ledger."""
    return context.workspace.relative(context.workspace.store(source, *home, name))


def keep_mosaic(
    context: Context,
    home: tuple[str, str],
    images: tuple[Path, Path],
    names: tuple[str, str],
) -> Mosaic:
    """Copy science and weight image of a run under these names."""
    sums = {image: sha256_of(image) for image in dict.fromkeys(images)}
    science, weight = (
        context.workspace.store(image, *home, name, sha256=sums[image])
        for image, name in zip(images, names, strict=True)
    )
    return Mosaic(
        context.workspace.relative(science),
        context.workspace.relative(weight),
        science_sha256=sums[images[0]],
        weight_sha256=sums[images[1]],
        naxis_pix=image_shape_pix(science),
        size_bytes=sum(path.stat().st_size for path in {science, weight}),
    )


def notice_holes(run: SkyRun | VisitDrizzle, holes: str | None) -> None:
    """Flag a mosaic with a sentence of :func:`.holes_in`."""
    if holes is not None:
        run.notice(FindingKind.CONTRADICTION, f"run {run.id}", holes)


def notice_blind(run: SkyRun, subjects: Collection[str]) -> None:
    """Flag exposures and chips without a good pixel that were not flagged before the run.

    None are flagged in a run that allows them.
    """
    if subjects and FindingKind.NO_SIGNAL.value not in run.parameters.get("allowed", ()):
        known = {one.subject for one in run.findings if one.kind is FindingKind.NO_SIGNAL}
        for subject in sorted(set(subjects) - known):
            message = "has no good pixel for a sky; its sky is NULL."
            run.notice(FindingKind.NO_SIGNAL, subject, message)


def masked_pixels(inputs: RunInputs, masks: Iterable[MaskReading]) -> dict[ChipKey, int]:
    """Count the pixels that driz_cr masked of every chip."""
    return {(inputs.rootname_of(mask.filename), mask.extver): mask.masked for mask in masks}


def notice_masks(
    run: SkyRun | VisitDrizzle, inputs: RunInputs, masks: Iterable[MaskReading]
) -> None:
    """Flag masks that cosmic rays cannot account for."""
    for mask in masks:
        if mask.is_too_much:
            name = inputs.rootname_of(mask.filename)
            run.notice(FindingKind.OVERMASKED, name, mask_message(mask))


def notice_unrejected(
    run: SkyRun | VisitDrizzle,
    inputs: RunInputs,
    masks: Collection[MaskReading],
    settings: AstroDrizzleSettings,
) -> None:
    """Flag a single exposure of which cosmic rays were to be rejected: AstroDrizzle leaves it."""
    if settings.as_parameters()["driz_cr"] is not True or masks:
        return
    for rootname in inputs.paths:
        message = "cosmic rays were not rejected: there is no second exposure to compare it with."
        run.notice(FindingKind.NO_OVERLAP, rootname, message)


def mask_message(mask: MaskReading) -> str:
    """A sentence on a mask that cosmic rays cannot account for."""
    return (
        f"chip {mask.extver}: driz_cr masked {mask.share_lost:.1%} of the usable pixels, cosmic "
        f"rays account for {mask.largest_share:.1%} in {mask.exptime_s:.0f} s at most. Exposures "
        "that are not aligned, or whose skies are not equal after the subtraction "
        "(globalmin does not match them), lose sky and stars in this way."
    )


def notice_islands(
    run: SkyRun, islands: Islands, unmatched: Sequence[str], *, per_chip: bool = False
) -> None:
    """Flag exposures, or chips, that share no sky, and groups that have no common zero.

    None are flagged in a run that allows islands; the number of such groups is kept with it.
    """
    groups = [group for group in islands if len(group) > 1]
    if FindingKind.ISLANDS.value in run.parameters.get("allowed", ()):
        if len(groups) > 1:
            run.note_islands(len(groups))
        return
    alone = {group[0] for group in islands if len(group) == 1 < len(islands)}
    for name in sorted(alone | {filename.split("_")[0] for filename in unmatched}):
        run.notice(FindingKind.NO_OVERLAP, name, "shares no sky with another exposure.")
    if len(groups) > 1:
        listing = "; ".join(f"{number}: {listed(group)}" for number, group in enumerate(groups, 1))
        what, cure = ("chips", "Without --per-chip the chips of an exposure hold them together")
        if not per_chip:
            what, cure = "exposures", f"Run each as a field of its own: {_apart(run, islands)}"
        message = (
            f"{len(groups)} groups of {what} share no sky, and their skies have no common zero "
            f"({listing}). {cure}."
        )
        run.notice(FindingKind.ISLANDS, f"run {run.id}", message)


def _apart(run: SkyRun, islands: Islands) -> str:
    """Options that make a field of each island."""
    exposures = {one.subject: one.product.exposure for one in run.inputs}
    known = {name: one for name, one in exposures.items() if one is not None}
    return how_apart(
        islands,
        {name: one.visit.label for name, one in known.items()},
        {name: one.target_name or "" for name, one in known.items()},
    )
