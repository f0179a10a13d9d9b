"""What a command has left, as far as it can be compared with what it should leave."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astropy.io import fits
from sqlalchemy import MetaData, create_engine, select

from scripts.torturing.stage import Stage

#: What a ledger says in the end, however often a command was begun: rows, as often as they are.
FACTS = {
    "versions": "SELECT p.filename, v.number FROM product_versions v"
    " JOIN products p ON p.id = v.product_id",
    "skies": "SELECT rootname, extver, requested_method, effective_method, mdrizsky"
    " FROM v_sky_values",
    "alignments": "SELECT rootname, product, wcs_name, status, nmatches FROM v_alignment_current",
    "fits": "SELECT product, nmatches, status FROM v_alignment_history WHERE origin = 'tweakreg'"
    " AND status <> 'failed'",
    "mosaics": "SELECT r.requested_method, m.purged_at IS NULL FROM mosaics m"
    " JOIN sky_runs r ON r.id = m.run_id",
    "catalogues": "SELECT name, sha256 FROM reference_catalogs",
    "books": "SELECT kind, reason, withdrawn_at IS NULL FROM book_entries",
    "deliveries": "SELECT name, what FROM bad_deliveries",
    "presets": "SELECT name, options FROM presets",
    "imported runs": "SELECT kind, status, tool_version, started_at FROM activities"
    " WHERE imported_by_id IS NOT NULL",
}
_RIGHTS = {
    "rights": "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
    " WHERE grantee = 'reader_' || current_database()"
}
_UNFINISHED = (
    "SELECT id FROM activities WHERE status IN ('running', 'pending')",
    "SELECT activity_id FROM run_attempts WHERE outcome = 'running'",
)
#: Directories that are called by the number of a run, or the checksum of a file with a date.
_BY_CHANCE = re.compile(r"/(?:\d+|[0-9a-f]{12})/")
_CARDS = ("CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "WCSNAME", "MDRIZSKY", "SKYDBRUN")

Facts = Mapping[str, Counter[str]]


def facts_of(stage: Stage, copy: str = "") -> Facts:
    """Everything of :data:`FACTS`; of a second ledger, too, if there is one."""
    asked = {("", name): (question, None) for name, question in FACTS.items()}
    if stage.server:
        asked |= {("", name): (question, None) for name, question in _RIGHTS.items()}
    if copy:
        url = stage.filled((copy,))[0]
        asked |= {("copy: ", name): (question, url) for name, question in FACTS.items()}
    return {
        place + name: Counter(str(row) for row in stage.ask(question, url))
        for (place, name), (question, url) in asked.items()
    }


def touched(stage: Stage, touches: Iterable[str]) -> dict[str, int]:
    """Size of each file that a command may add, by its name; together where a name is by chance."""
    places = [stage.home / name for name in touches]
    files = [one for place in places for one in ([place] if place.is_file() else place.rglob("*"))]
    sizes: Counter[str] = Counter()
    for one in files:
        if one.is_file():
            name = _BY_CHANCE.sub("/*/", str(one.relative_to(stage.home)))
            sizes[name] += one.stat().st_size
    return dict(sizes)


def unfinished(stage: Stage) -> int:
    """Activities and attempts that have not ended."""
    return sum(len(stage.ask(question)) for question in _UNFINISHED)


def marks_of(stage: Stage) -> dict[str, str]:
    """Each of the user's files by name: its pixels, and what skydb may write to its headers."""
    return {
        str(path.relative_to(stage.files)): _mark(path)
        for path in sorted(stage.files.rglob("*"))
        if path.is_file()
    }


def _mark(path: Path) -> str:
    if path.suffix != ".fits":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    with fits.open(path, memmap=False) as hdus:
        for hdu in hdus:
            digest.update(repr([hdu.header.get(card) for card in _CARDS]).encode())
            if hdu.is_image and hdu.data is not None:
                digest.update(hdu.data.tobytes())
    return digest.hexdigest()


def litter_of(stage: Stage, touches: Iterable[str] = ()) -> list[str]:
    """Files that no row of the ledger names, and whatever is left in places for a while."""
    said = _everything_said(stage)
    names = ("ledger.sqlite", "source.sqlite")
    ours = {f"{name}{end}" for name in names for end in ("", "-wal", "-shm")} | set(touches)
    left = []
    for path in sorted(stage.home.rglob("*")):
        place = path.relative_to(stage.home)
        if path.is_dir() or place.parts[0] in ("files", "redelivered", "logs", "user"):
            continue
        if place.parts[0] == "data":
            inside = place.relative_to("data")
            names = (inside, *list(inside.parents)[:-2])
            if not any(f'"{name}' in said for name in map(str, names)):
                left.append(str(place))
        elif not {str(place), place.parts[0]} & ours:
            left.append(str(place))
    return left


def _everything_said(stage: Stage) -> str:
    """All texts of all tables, each within quotation marks."""
    engine = create_engine(stage.url)
    texts = []
    try:
        metadata = MetaData()
        metadata.reflect(engine)
        with engine.connect() as connection:
            for table in metadata.tables.values():
                for row in connection.execute(select(table)):
                    texts += [json.dumps(value, default=str) for value in row if value]
    finally:
        engine.dispose()
    return re.sub(r'\\"', '"', "\n".join(texts))


@dataclass
class Judgement:
    """What was found wrong after one disturbance; nothing when all is well."""

    wrong: dict[str, str] = field(default_factory=dict)

    def demand(self, name: str, good: bool, seen: object = "") -> None:
        """Note what is wrong, by its kind; the first of each kind is kept."""
        if not good:
            self.wrong.setdefault(name, str(seen)[:600])

    def compare(self, name: str, found: Facts, wanted: Facts, may_come_twice: bool = False) -> None:
        """Demand equal facts; what is missing was lost, what is more came twice."""
        for what, rows in wanted.items():
            lost, more = rows - found[what], found[what] - rows
            if may_come_twice:
                more -= rows
            self.demand(f"lost {name}", not lost, f"{what}: {list(lost)[:3]}")
            self.demand(f"twice {name}", not more, f"{what}: {list(more)[:3]}")


def problems_in(out: str) -> list[dict[str, Any]]:
    """Problems that ``fsck --json`` prints."""
    found: list[dict[str, Any]] = json.loads(out or "[]")
    return found
