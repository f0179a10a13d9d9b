"""Pages of a field, of a visit, and the map of all."""

from __future__ import annotations

from collections.abc import Sequence

from skydb.api.selecting import scope_of
from skydb.browse import links
from skydb.browse.asking import Row, TooSlowError, places
from skydb.browse.blocks import (
    Block,
    Facts,
    Links,
    Map,
    Page,
    Part,
    Table,
    Text,
    columns_of,
)
from skydb.browse.facts import TARGETS
from skydb.browse.here import Here
from skydb.browse.maps import MOST, footprint_maps, whole_sky
from skydb.browse.pages.overview import FIELD_COLUMNS, field_row
from skydb.browse.pages.shared import (
    MANY,
    STATES,
    facet,
    findings_about,
    findings_table,
    in_table,
    missing,
    notes_table,
    notes_where,
    plural,
    runs_by_id,
    runs_table,
    tables_about,
    too_slow,
)
from skydb.report.tables import Column, Tone

#: Visits of a field on one page.
_VISITS = 40


def field(here: Here, target: str | None = None) -> Page:
    """Show the visits of a field, its runs, and its map.

    Parameters
    ----------
    here : Here
    target : str, optional
        TARGNAME; None for the exposures of which none is known.
    """
    known = {one.target: one for one in here.facts.fields}.get(target)
    if known is None:
        return missing(f"There is no field {target!r}.", "The first page has all fields.", "/")
    first = max(0, here.number("visits") or 0)
    visits = here.asking.rows(
        f"SELECT DISTINCT visit_id FROM ({TARGETS}) WHERE target_name IS ?"
        f" ORDER BY visit_id LIMIT {_VISITS} OFFSET {first}",
        target,
    )
    numbers = [row["visit_id"] for row in visits]
    lead = f"{plural(known.exposures, 'exposure')} of {plural(known.visits, 'visit')}"
    parts = (
        Part("Visits", (_visits(here, numbers, target, first, known.visits),)),
        Part("Map", _maps(here, _names_of_field(here, target), known.exposures)),
        Part("Sky runs", (_runs_of_field(here, target),)),
    )
    about = tables_about(
        ("Exposures", in_table("v_exposure_status", target_name=target)),
        ("Footprints", in_table("v_footprints", target_name=target)),
    )
    return Page(target or "(no target)", lead, parts, (("Ledger", "/"),), area="/", head=(about,))


def _visits(here: Here, numbers: Sequence[int], target: str | None, first: int, of: int) -> Table:
    rows = []
    if numbers:
        rows = here.asking.rows(
            "SELECT v.id AS visit_id, v.program || v.number AS visit, v.proposal_id,"
            " COUNT(e.id) AS exposures, MIN(e.date_obs) AS date_obs,"
            " GROUP_CONCAT(DISTINCT e.detector) AS detector,"
            " GROUP_CONCAT(DISTINCT e.filters) AS filter"
            " FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id AND e.target_name IS ?"
            f" WHERE v.id IN ({places(numbers)}) GROUP BY v.id ORDER BY v.id",
            target,
            *numbers,
        )
        _add_states(here, rows, target)
    path, pages = links.field(target), []
    if first:
        pages.append(("Previous visits", f"{path}?visits={max(0, first - _VISITS)}"))
    if first + _VISITS < of:
        pages.append(("More visits", f"{path}?visits={first + _VISITS}"))
    names = ("visit", "proposal_id", "detector", "filter", "date_obs", "exposures", *STATES)
    caption = "Exposures of each visit, and how many of them are so far."
    return Table("Visits", caption, tuple(map(Column, names)), rows, pages=tuple(pages))


def _add_states(here: Here, rows: Sequence[Row], target: str | None) -> None:
    """Add how far the exposures of visits are, one by one: so each is found by index."""
    asked = f"SELECT exposures, {', '.join(STATES)} FROM v_visit_status WHERE visit_id = ?"
    of_some = (
        f"SELECT {', '.join(f'COALESCE(SUM({name}), 0) AS {name}' for name in STATES)}"
        " FROM v_exposure_status WHERE visit_id = ? AND target_name IS ?"
    )
    for row in rows:
        for found in here.asking.counted(asked, row["visit_id"]):
            if found.pop("exposures") != row["exposures"]:
                # The visit has exposures of another target as well.
                found = here.asking.counted(of_some, row["visit_id"], target)[0]
            row.update(found, logged=found["logged"] or None)


def _names_of_field(here: Here, target: str | None) -> list[str]:
    rows = here.asking.rows(
        f"SELECT rootname FROM exposures WHERE target_name IS ? ORDER BY id LIMIT {MOST}", target
    )
    return [row["rootname"] for row in rows]


def _maps(here: Here, names: Sequence[str], of: int, mark: str = "") -> tuple[Block, ...]:
    drawn, left_out = footprint_maps(here.services, names, mark)
    left = f" The first {len(names)} of {of:,} exposures are drawn." if of > len(names) else ""
    if left_out:
        left += f" {plural(left_out, 'exposure')} elsewhere on the sky had no room."
    caption = f"North is up, east is left; a click leads to the exposure.{left}"
    return tuple(Map(one, caption) for one in drawn)


def _runs_of_field(here: Here, target: str | None) -> Table:
    rows = here.asking.rows(
        f"SELECT DISTINCT sv.run_id FROM exposures e JOIN sky_values sv ON sv.exposure_id = e.id"
        f" WHERE e.target_name IS ? LIMIT {10 * MANY}",
        target,
    )
    runs = runs_by_id(here, [row["run_id"] for row in rows])
    return runs_table(runs, "Sky runs", "Choose runs to compare their skies and mosaics.")


def visit(here: Here, label: str) -> Page:
    """Show the exposures and products of a visit, what ran on it, and what is due.

    Parameters
    ----------
    here : Here
    label : str
        Program and number, e.g. ``bxl50``.
    """
    row = here.asking.first(
        "SELECT id AS visit_id, program, number, proposal_id, target_name FROM visits"
        " WHERE program = ? AND number = ?",
        label[:3].lower(),
        label[3:].lower(),
    )
    if row is None:
        return missing(f"No visit {label!r} is on record.", "Visits are named as bxl50.", "/")
    key = row["visit_id"]
    exposures = here.asking.rows(
        "SELECT s.*, e.date_obs, e.exptime_s FROM v_exposure_status s"
        " JOIN exposures e ON e.id = s.exposure_id WHERE s.visit_id = ?"
        f" ORDER BY s.rootname LIMIT {MOST}",
        key,
    )
    names = [one["rootname"] for one in exposures]
    parts = (
        Part("Exposures", (_exposures(exposures, label),)),
        Part("Products", (_products(here, key),)),
        Part("Map", _maps(here, names, len(names))),
        Part("Runs", (_runs_of_visit(here, key),)),
        Part("To do", _due_of_visit(here, label, key)),
        Part("Notes and findings", (
            findings_table(findings_about(here, _subjects(here, key, [*names, label.lower()])),
                           "Findings",
                           "Problems found on the visit and its files, the newest first."),
            notes_table(_notes(here, row), "On the visit, its exposures and its products."),
        )),
    )  # fmt: skip
    trail = (
        ("Ledger", "/"),
        (row["target_name"] or "(no target)", links.field(row["target_name"])),
    )
    facts = Facts.of(row, ("proposal_id", "target_name"))
    about = tables_about(
        ("Status", in_table("v_visit_status", visit_id=key)),
        ("Sky comparison", in_table("v_sky_comparison", program=row["program"],
                                    visit=row["number"])),
    )  # fmt: skip
    return Page(f"Visit {label.lower()}", "", parts, trail, area="/", head=(facts, about))


def _subjects(here: Here, visit_id: int, names: Sequence[str]) -> list[str]:
    files = here.asking.rows("SELECT filename FROM products WHERE visit_id = ?", visit_id)
    return [*names, *(row["filename"] for row in files)]


def _notes(here: Here, row: Row) -> list[Row]:
    return notes_where(here, "program = ? AND visit = ?", row["program"], row["number"])


def _exposures(rows: Sequence[Row], label: str) -> Table:
    for row in rows:
        row.update({name: bool(row[name]) for name in STATES})
    names = ("rootname", "detector", "filter", "exptime_s", "date_obs", "target_name")
    states = (
        Column("aligned", true_tone=Tone.GOOD),
        Column("matched", true_tone=Tone.GOOD),
        Column.alarm("downgraded"),
        Column.alarm("flagged"),
        Column.alarm("stale"),
    )
    note = f"The first {MOST} are shown." if len(rows) == MOST else ""
    return Table("Exposures", f"Exposures of visit {label}.", (*columns_of(*names), *states),
                 rows, note)  # fmt: skip


def _products(here: Here, visit_id: int) -> Table:
    rows = here.asking.rows(
        "SELECT id AS product_id, filename AS product, kind, flavour FROM products"
        f" WHERE visit_id = ? AND exposure_id IS NULL ORDER BY filename LIMIT {MANY}",
        visit_id,
    )
    active = (
        "SELECT version, wcs_name, origin, nmatches, rms_ra_mas, rms_dec_mas,"
        " activity_id AS run_id FROM v_alignment_current WHERE product_id = ?"
    )
    for row in rows:
        row.update(here.asking.first(active, row["product_id"]) or {})
    names = ("product", "kind", "flavour", "version", "wcs_name", "origin", "nmatches",
             "rms_ra_mas", "rms_dec_mas", "run_id")  # fmt: skip
    caption = "Drizzled products of the visit with their active WCS."
    return Table("Products", caption, columns_of(*names), rows)


def _runs_of_visit(here: Here, visit_id: int) -> Table:
    rows = here.asking.rows(
        "SELECT DISTINCT u.activity_id AS run_id FROM products p"
        " JOIN product_versions pv ON pv.product_id = p.id"
        " JOIN activity_used u ON u.version_id = pv.id WHERE p.visit_id = ?"
        " UNION SELECT DISTINCT sv.run_id FROM exposures e"
        f" JOIN sky_values sv ON sv.exposure_id = e.id WHERE e.visit_id = ? LIMIT {10 * MANY}",
        visit_id,
        visit_id,
    )
    runs = runs_by_id(here, [row["run_id"] for row in rows])
    caption = "What used files of the visit, the newest first. Choose sky runs to compare them."
    return runs_table(runs, "Runs", caption)


def _due(here: Here, label: str) -> tuple[Block, ...]:
    rows = [dict(row) for row in here.services.todo.todo(scope_of({"visit": label}))]
    return (due_table(rows),)


def _due_of_visit(here: Here, label: str, visit_id: int) -> tuple[Block, ...]:
    if not here.facts.is_large:
        return _due(here, label)
    rows = here.asking.rows(
        "SELECT rule, subject, reason, since, run_id AS run FROM v_todo WHERE visit_id = ?"
        f" LIMIT {MANY}",
        visit_id,
    )
    address = f"/todo?visit={label.lower()}"
    return (due_table(rows, pages=(("With the commands that do it", address),)),)


def due_table(
    rows: Sequence[Row], note: str = "", pages: tuple[tuple[str, str], ...] = ()
) -> Table:
    """Make the table of due work."""
    columns = (
        Column("rule"),
        Column("subject", wraps=True),
        Column("reason", wraps=True),
        Column("since"),
        Column("command", wraps=True),
        Column("run"),
    )
    return Table("Due", "Each row is settled by its command.", columns, rows, note, pages)


def sky_map(here: Here) -> Page:
    """Show where the fields are, and the footprints of a small ledger."""
    whole = whole_sky(here.facts.fields)
    blocks: list[Block] = []
    if whole is not None:
        blocks.append(
            Map(whole, "The fields by the positions of their targets; RA 180 in the middle.")
        )
    total = here.facts.counts["exposures"]
    footprints: tuple[Block, ...] = ()
    if total <= MOST:
        names = here.asking.rows("SELECT rootname FROM exposures ORDER BY id")
        footprints = _maps(here, [row["rootname"] for row in names], total)
    biggest = sorted(here.facts.fields, key=lambda one: -one.exposures)[:MANY]
    caption = "The page of a field has the map of its footprints."
    table = Table("Fields", caption, FIELD_COLUMNS, [field_row(one) for one in biggest])
    nothing = () if footprints or blocks else (Text(("No position is known yet.",)),)
    parts = (
        Part("Footprints", footprints),
        Part("The whole sky", tuple(blocks)),
        Part("Fields", (table, *nothing)),
    )
    return Page("Map", "Where the exposures are.", parts, (("Ledger", "/"),), area="/map")


def todo(here: Here) -> Page:
    """Show what is due: everything in a small ledger, else of one visit."""
    label = here.word("visit")
    from skydb.browse.blocks import Form

    form = Form("Visit", "/todo", "visit", label, "Show", "bxl50; empty for all")
    lead = "What is due, since when, and the command that does it."
    if label:
        known = here.asking.first(
            "SELECT 1 AS there FROM visits WHERE program = ? AND number = ?",
            label[:3].lower(), label[3:].lower(),
        )  # fmt: skip
        if known is None:
            return missing(
                f"No visit {label!r} is on record.", "Visits are named as bxl50.", "/todo"
            )
        blocks = _due(here, label)
    elif here.facts.is_large:
        blocks = _first_due(here)
    else:
        blocks = (due_table([dict(row) for row in here.services.todo.todo()]),)
    empty = () if any(getattr(one, "rows", (1,)) for one in blocks) else (
        Text(("Nothing is due.",), Tone.GOOD),
    )  # fmt: skip
    part = Part("Due", (*blocks, *empty))
    return Page("To do", lead, (part,), (("Ledger", "/"),), area="/todo", head=(form,))


def _first_due(here: Here) -> tuple[Block, ...]:
    rule = here.word("rule")
    condition, values = (" WHERE rule = ?", (rule,)) if rule else ("", ())
    names = "rule, subject, reason, since, rootname, program, visit, run_id AS run"
    try:
        rows = here.asking.rows(f"SELECT {names} FROM v_todo{condition} LIMIT {MANY}", *values)
    except TooSlowError:
        return (too_slow("What is due by this rule", "Ask for one visit."),)
    for row in rows:
        row["command"] = None
    rules = sorted({row["rule"] for row in rows} | ({rule} if rule else set()))
    groups = (facet("Rule", "rule", [(one, None) for one in rules], "/todo", here),)
    note = (
        f"The first {MANY}. Ask for one visit to have the commands, or for one rule."
        if len(rows) == MANY else ""
    )  # fmt: skip
    return Links(groups), due_table(rows, note)
