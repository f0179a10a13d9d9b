"""Tables that several pages have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from skydb.browse import links
from skydb.browse.asking import Row, places
from skydb.browse.blocks import Links, Page, Part, Table, Text, columns_of
from skydb.browse.here import Here
from skydb.report.tables import Column, Tone

#: Rows of a table on a page.
MANY = 100
#: States of exposures, and what is counted of visits and programs.
STATES = ("downloaded", "aligned", "matched", "downgraded", "flagged", "stale", "logged")

RUN_COLUMNS = (
    *columns_of("run_id", "kind", "status", "started_at"),
    Column("method"),
    *columns_of("downgraded"),
    Column("about", wraps=True),
    Column("error", wraps=True),
)
FINDING_COLUMNS = (
    Column("noticed_at"),
    Column("kind"),
    Column("subject"),
    Column("message", wraps=True),
    Column("run_id"),
)
NOTE_COLUMNS = (
    Column("made_at"),
    Column("kind"),
    Column("label"),
    Column("subject"),
    Column("reason", wraps=True),
    Column("author"),
    Column("withdrawn_at"),
)
#: Runs with what they are about; conditions follow.
RUNS = (
    "SELECT a.id AS run_id, a.kind, a.status, a.started_at, a.error,"
    " COALESCE(s.effective_method, s.requested_method) AS method, s.downgraded,"
    " COALESCE(g.label, c.name, f.reference) AS about, m.run_id IS NOT NULL AS has_mosaic"
    " FROM activities a LEFT JOIN sky_runs s ON s.id = a.id"
    " LEFT JOIN sky_run_groups g ON g.id = s.group_id"
    " LEFT JOIN mosaics m ON m.run_id = a.id AND m.purged_at IS NULL"
    " LEFT JOIN alignment_runs f ON f.id = a.id"
    " LEFT JOIN reference_catalogs c ON c.id = f.catalog_id WHERE a.deleted_at IS NULL"
)


def plural(count: int, word: str) -> str:
    """``1 exposure``, ``1,234 exposures``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def missing(what: str, advice: str, area: str = "") -> Page:
    """Make the page for something that is not there."""
    return Page("Not found", what, (Part("", (Text((advice,)),)),), status=404, area=area)


def too_slow(title: str, cure: str) -> Text:
    """Make the remark that stands in place of an answer that takes too long."""
    return Text((f"{title} takes longer than a page may in a ledger of this size. {cure}",),
                Tone.WARNING)  # fmt: skip


def runs_by_id(here: Here, numbers: Sequence[int]) -> list[Row]:
    """Rows of some runs, the newest first."""
    few = sorted(set(numbers), reverse=True)[:MANY]
    if not few:
        return []
    return here.asking.rows(f"{RUNS} AND a.id IN ({places(few)}) ORDER BY a.id DESC", *few)


def findings_about(here: Here, names: Sequence[str]) -> list[Row]:
    """Findings whose subject is one of some names, the newest first."""
    return here.asking.rows(
        "SELECT f.id, f.noticed_at, f.kind, f.subject, f.message, f.activity_id AS run_id"
        " FROM findings f JOIN activities a ON a.id = f.activity_id AND a.deleted_at IS NULL"
        f" WHERE f.subject IN ({places(names)}) ORDER BY f.id DESC LIMIT {MANY}",
        *names,
    )


def notes_where(here: Here, condition: str, *values: object) -> list[Row]:
    """Notes and flags, the newest first."""
    return here.asking.rows(
        f"SELECT * FROM v_books WHERE {condition} ORDER BY id DESC LIMIT {MANY}", *values
    )


def runs_table(rows: Sequence[Row], title: str, caption: str, **more: Any) -> Table:  # noqa: ANN401
    """Make the table of runs, of which those with skies can be chosen for a comparison."""
    marked = [{**row, "can_be_compared": row["kind"] == "sky-run"} for row in rows]
    can = any(row["can_be_compared"] for row in marked)
    return Table(title, caption, RUN_COLUMNS, marked, choose="run_id" if can else "",
                 **_cut(rows, more))  # fmt: skip


def findings_table(rows: Sequence[Row], title: str, caption: str, **more: Any) -> Table:  # noqa: ANN401
    """Make the table of findings."""
    return Table(title, caption, FINDING_COLUMNS, rows, **_cut(rows, more))


def notes_table(rows: Sequence[Row], caption: str) -> Table:
    """Make the table of notes and flags."""
    return Table("Notes and flags", caption, NOTE_COLUMNS, rows, **_cut(rows, {}))


def facet(
    title: str, name: str, values: Sequence[tuple[str, int | None]], path: str, here: Here
) -> tuple[str, tuple[tuple[str, str, bool], ...]]:
    """Make links that restrict a page to one value of a name, and the one that frees it again."""
    kept = {key: list(many) for key, many in here.words.items() if key not in (name, "before")}
    now = here.word(name)
    found = [("all", f"{path}?{urlencode(kept, doseq=True)}".rstrip("?"), not now)]
    for value, count in values:
        shown = value if count is None else f"{value} ({count:,})"
        address = f"{path}?{urlencode({**kept, name: value}, doseq=True)}"
        found.append((shown, address, value == now))
    return title, tuple(found)


def older(path: str, here: Here, rows: Sequence[Row], key: str) -> tuple[tuple[str, str], ...]:
    """Links to the rows before the first :data:`MANY` of these, and back to the newest."""
    kept = {name: list(many) for name, many in here.words.items() if name != "before"}
    found = []
    if here.word("before"):
        found.append(("Newest", f"{path}?{urlencode(kept, doseq=True)}".rstrip("?")))
    if len(rows) > MANY:
        more = urlencode({**kept, "before": rows[MANY - 1][key]}, doseq=True)
        found.append(("Older", f"{path}?{more}"))
    return tuple(found)


def everything(rows: Sequence[Row], view: str, **filters: object) -> tuple[tuple[str, str], ...]:
    """Link to the table that has all rows, where they are more than :data:`MANY`."""
    return (("All", in_table(view, **filters)),) if len(rows) > MANY else ()


def _cut(rows: Sequence[Row], more: dict[str, Any]) -> dict[str, Any]:
    """Say of a table without a way to further rows that it may have some."""
    if len(rows) < MANY or more.get("pages") or more.get("note"):
        return more
    return {**more, "note": f"The newest {MANY} are shown; there may be more."}


def tables_about(*items: tuple[str, str]) -> Links:
    """Links to tables with the same subject."""
    return Links((("In SQL", tuple((text, address, False) for text, address in items)),))


def in_table(name: str, **filters: object) -> str:
    """Address of a table with filters; see :func:`skydb.browse.links.table`."""
    return links.table(name, **filters)
