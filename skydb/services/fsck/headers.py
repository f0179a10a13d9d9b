"""Check of the WCS in headers against the ledger."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from skydb.errors import FileRejectedError
from skydb.files.entries import entry_of
from skydb.services.core import Context
from skydb.services.fsck.problems import Problem, ProblemKind

if TYPE_CHECKING:
    from skydb.domain.values import ChipGeometry

_PLACES = "SELECT l.path, l.version_id FROM file_locations l"
_WRITTEN = """
 WHERE NOT l.is_managed AND l.version_id IN
       (SELECT b.version_after_id FROM header_backups b JOIN activities a ON a.id = b.activity_id
         WHERE b.restored_by_id IS NULL AND a.kind = 'header-write' AND a.status = 'succeeded')
"""

#: Difference of a number in degrees that is less than a microarcsecond.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class WcsInFiles:
    """Files whose WCS is not the recorded one.

    Those whose headers skydb has written, and with `deep` all files of versions.

    Parameters
    ----------
    context : Context
    deep : bool
    passed_over : collection of Path
        Files that somebody is writing, or that another problem is about.
    """

    context: Context
    deep: bool = False
    passed_over: Collection[Path] = ()

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        seen: set[object] = {entry_of(path) for path in self.passed_over}
        for place, version_id in self._places():
            path = self.context.workspace.resolve(place)
            file, known = entry_of(path), self._known(version_id)
            if file in seen or not path.is_file() or not known:
                continue
            seen.add(file)
            said = _difference(path, known)
            if said:
                yield Problem(
                    ProblemKind.OTHER_WCS,
                    str(path),
                    said,
                    "put the file back, or record what is there now with `skydb ingest`",
                )

    def _places(self) -> list[tuple[str, int]]:
        """Paths with the version that each holds."""
        asked = f"{_PLACES}{'' if self.deep else _WRITTEN} ORDER BY l.id"
        with self.context.store.asking() as connection:
            return [(place, version) for place, version in connection.execute(text(asked))]

    def _known(self, version_id: int) -> dict[int, ChipGeometry]:
        from skydb.domain import ProductVersion

        with self.context.store.reading() as session:
            current = session.get_one(ProductVersion, version_id).current_solution
            chips = current.as_facts().chips if current else ()
        return {chip.extver: chip for chip in chips}


def _difference(path: Path, known: dict[int, ChipGeometry]) -> str:
    """Describe the differences of the WCS of a file from the record; empty without any."""
    # `status` asks for dead runs only, and astropy takes longer than that.
    from skydb.files.reader import read_facts

    try:
        found = {chip.extver: chip for chip in read_facts(path).primary.chips}
    except (FileRejectedError, LookupError) as error:
        return f"its WCS cannot be read: {error}"
    other = [extver for extver, chip in known.items() if not _is_alike(chip, found.get(extver))]
    if not other:
        return ""
    return f"the WCS of SCI,{', SCI,'.join(map(str, other))} is not the one on record"


def _is_alike(chip: ChipGeometry, other: ChipGeometry | None) -> bool:
    if other is None:
        return False
    pairs = zip(_numbers(chip), _numbers(other), strict=True)
    return all(math.isclose(a, b, rel_tol=_ROUNDING, abs_tol=_ROUNDING) for a, b in pairs)


def _numbers(chip: ChipGeometry) -> tuple[float, ...]:
    return (*chip.crpix_pix, *chip.crval_deg, *chip.cd_deg)
