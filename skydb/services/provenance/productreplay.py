"""Repetition of a visit-level product, and its comparison pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain import VisitDrizzle
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import StateError
from skydb.services.core import Context
from skydb.services.provenance.recorded import require_as_recorded
from skydb.services.provenance.skydiff import compare_images, sky_tolerance
from skydb.services.provenance.verdict import Compared, Difference, Replay, Tolerance, result_of
from skydb.services.skies import VisitDrizzleService


@dataclass(frozen=True)
class ProductReplay:
    """Drizzles a visit again; the product that it is compared with stays what it is."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def replay(self, run_id: int, asked: float | None = None) -> Replay:
        """Repeat one drizzling; it makes no version.

        Parameters
        ----------
        run_id : int
            A drizzling of a visit.
        asked : float, optional
            What two skies or pixels may differ by, in their unit.

        Raises
        ------
        StateError
            When it has no product, or the product or an input is gone or changed.
        ToolError
            When the repetition failed; its row says how.
        """
        product, paths = self._there(run_id)
        pixels: list[Difference] = []

        def look(made: Path) -> None:
            found = compare_images("product", product, made, asked)
            pixels.extend([found] if found is not None else [])

        service = VisitDrizzleService(self.context, self.runner)
        hashes = (self._hash_of(run_id), service.recorded(run_id).full_hash)
        again = service.repeat(run_id, look)
        tolerance = sky_tolerance(paths, "", asked)
        with self.context.store.writing() as session:
            run, replay = (session.get_one(VisitDrizzle, key) for key in (run_id, again))
            skies = tuple(_sky_differences(run, replay, tolerance))
            found = result_of(run, replay, Compared((*skies, *pixels), tolerance, hashes))
            replay.record_verdict(found.verdict, found.sentence)
            session.commit()
        return found

    def _there(self, run_id: int) -> tuple[Path, list[Path]]:
        """The product and the inputs of a drizzling, each found to be what is on record."""
        workspace = self.context.workspace
        with self.context.store.reading() as session:
            run = session.get_one(VisitDrizzle, run_id)
            version = run.product_version
            if version is None:
                raise StateError(
                    f"Run {run_id} is {run.status} and has no product to be compared with.",
                    advice="Make it with `skydb drizzle`.",
                )
            require_as_recorded(
                workspace, f"Run {run_id}", [version, *(link.version for link in run.used)]
            )
            paths = [workspace.resolve(one.path) for one in run.inputs]
            return workspace.resolve(version.path), paths

    def _hash_of(self, run_id: int) -> str:
        with self.context.store.reading() as session:
            return session.get_one(VisitDrizzle, run_id).recipe_hash


def _sky_differences(
    run: VisitDrizzle, replay: VisitDrizzle, tolerance: Tolerance
) -> Iterator[Difference]:
    """Chips from which another sky was subtracted than before."""
    ours, theirs = run.skies, replay.skies
    for chip in sorted(ours.keys() | theirs.keys()):
        before, after = ours.get(chip), theirs.get(chip)
        if before == after:
            continue
        if before is None or after is None:
            yield Difference(chip, "MDRIZSKY", before, after, None, "", is_tolerable=False)
            continue
        apart = abs(before - after)
        tolerable = tolerance.admits(apart, max(abs(before), abs(after)))
        yield Difference(chip, "MDRIZSKY", before, after, apart, "", is_tolerable=tolerable)
