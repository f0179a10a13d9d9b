"""The page of an exposure: its whole history."""

from __future__ import annotations

from collections.abc import Sequence

from skydb.browse import links
from skydb.browse.asking import Row, places
from skydb.browse.blocks import Facts, Map, Page, Part, Table, columns_of
from skydb.browse.here import Here
from skydb.browse.maps import footprint_maps
from skydb.browse.pages.shared import (
    MANY,
    STATES,
    everything,
    findings_about,
    findings_table,
    in_table,
    missing,
    notes_table,
    notes_where,
    runs_by_id,
    runs_table,
    tables_about,
)
from skydb.report.tables import Column

_FACTS = {
    "visit": "visit", "proposal_id": "", "target_name": "target", "instrument": "",
    "detector": "", "filter": "", "exptime_s": "", "date_obs": "", "aperture": "",
    "ra_targ_deg": "", "dec_targ_deg": "", "asn_id": "", "state": "state",
}  # fmt: skip


def exposure(here: Here, rootname: str) -> Page:
    """Show files, WCS solutions, skies, runs, findings and notes of an exposure."""
    row = here.asking.first(
        "SELECT e.*, e.filters AS filter, v.program, v.program || v.number AS visit,"
        " v.proposal_id, v.id AS visit_key FROM exposures e JOIN visits v ON v.id = e.visit_id"
        " WHERE e.rootname = ?",
        rootname.lower(),
    )
    if row is None:
        advice = "Rootnames have nine characters, such as ibxl50clq."
        return missing(f"There is no exposure {rootname!r}.", advice, "/")
    name = row["rootname"]
    row["state"] = _state(here, name)
    files = _files(here, row["id"])
    subjects = sorted({name, *(file["product"] for file in files)})
    parts = (
        Part("Files and archive versions", (_files_table(files), _downloads(here, row["id"]))),
        Part("WCS solutions", (_solutions(here, name),)),
        Part("Skies", (_skies(here, name),)),
        Part("Runs", (_runs(here, row["id"]),)),
        Part("Findings", (findings_table(
            findings_about(here, subjects), "Findings",
            "Problems found on this exposure and its files, the newest first.",
        ),)),
        Part("Notes and flags", (notes_table(
            _notes(here, row), "Of the exposure, its files and its visit.",
        ),)),
        Part("Map", _maps(here, row)),
    )  # fmt: skip
    trail = (
        ("Ledger", "/"),
        (row["target_name"] or "(no target)", links.field(row["target_name"])),
        (f"Visit {row['visit']}", links.visit(row["visit"])),
    )
    lead = (
        "Known from a log only; no file of it is on record." if row["known_from"] == "log" else ""
    )
    about = tables_about(
        ("WCS solutions", in_table("v_alignment_history", rootname=name)),
        ("Sky values", in_table("v_sky_values", rootname=name)),
        ("Footprints", in_table("v_footprints", rootname=name)),
        ("Inputs of runs", in_table("v_run_inputs", rootname=name)),
    )
    return Page(name, lead, parts, trail, area="/", head=(Facts.of(row, _FACTS), about))


def _state(here: Here, rootname: str) -> str:
    row = here.asking.first("SELECT * FROM v_exposure_status WHERE rootname = ?", rootname) or {}
    words = {"logged": "from logs only"}
    return ", ".join(words.get(name, name) for name in STATES if row.get(name)) or "ingested"


def _files(here: Here, exposure_id: int) -> list[Row]:
    return here.asking.rows(
        "SELECT p.filename AS product, p.kind, p.flavour, pv.number AS version, pv.delivery,"
        " pv.date_written, pv.cal_ver, pv.idctab, pv.quality, pv.recorded_at,"
        " (SELECT s.wcs_name FROM alignment_solutions s WHERE s.version_id = pv.id"
        "   AND s.wcs_key = ' ' LIMIT 1) AS wcs_name,"
        " (SELECT g.activity_id FROM activity_generated g WHERE g.version_id = pv.id"
        "   ORDER BY g.activity_id LIMIT 1) AS run_id,"
        " CASE WHEN NOT EXISTS (SELECT 1 FROM product_versions n WHERE n.product_id = p.id"
        "   AND n.number > pv.number) THEN 'in use' END AS current,"
        " (SELECT l.path FROM file_locations l WHERE l.version_id = pv.id"
        "   ORDER BY l.is_managed DESC, l.id LIMIT 1) AS path"
        " FROM products p JOIN product_versions pv ON pv.product_id = p.id"
        f" WHERE p.exposure_id = ? ORDER BY p.filename, pv.number DESC LIMIT {MANY}",
        exposure_id,
    )


def _files_table(rows: Sequence[Row]) -> Table:
    # Its own page is where one is.
    shown = [{**row, "product_href": None, "file": row["product"]} for row in rows]
    columns = (
        Column("file"),
        *columns_of("version", "current", "kind", "flavour", "delivery", "date_written"),
        *columns_of("cal_ver", "idctab", "quality", "wcs_name", "recorded_at", "run_id"),
        Column("path", wraps=True),
    )
    caption = "Every version of every file, the newest first; what skydb made comes from its run."
    return Table("Files", caption, columns, shown)


def _downloads(here: Here, exposure_id: int) -> Table:
    # From its files, not by the view, which is read by number of the attempt.
    rows = here.asking.rows(
        "SELECT d.uri, d.status, d.attempt, d.received_bytes AS bytes, d.started_at, d.error"
        " FROM products p JOIN product_versions pv ON pv.product_id = p.id"
        " JOIN downloads d ON d.version_id = pv.id WHERE p.exposure_id = ?"
        f" ORDER BY d.id + 0 DESC LIMIT {MANY}",
        exposure_id,
    )
    columns = (Column("uri", wraps=True), *columns_of("status", "attempt", "bytes", "started_at"),
               Column("error", wraps=True))  # fmt: skip
    return Table("Downloads", "Attempts to fetch its files.", columns, rows)


def _solutions(here: Here, rootname: str) -> Table:
    rows = here.asking.rows(
        f"SELECT * FROM v_alignment_history WHERE rootname = ? ORDER BY id DESC LIMIT {MANY + 1}",
        rootname,
    )
    active = here.asking.rows("SELECT id FROM v_alignment_current WHERE rootname = ?", rootname)
    current = {row["id"] for row in active}
    for row in rows:
        row["current"] = "in use" if row["id"] in current else None
        row["run_id"] = row["activity_id"]
        row["file"] = row["product"]
    names = ("id", "current", "file", "version", "wcs_name", "origin", "status", "refcat",
             "nmatches", "rms_ra_mas", "rms_dec_mas", "predicted_shift_mas",
             "realised_shift_mas", "residual_mas", "trust", "fitted_at", "applied_at",
             "superseded_by", "run_id")  # fmt: skip
    caption = "Every WCS that it had or was offered, the newest first. RMS in mas."
    columns = (*columns_of(*names), Column("reason", wraps=True))
    return Table("WCS solutions", caption, columns, rows[:MANY], marked="current",
                 pages=everything(rows, "v_alignment_history", rootname=rootname))  # fmt: skip


def _skies(here: Here, rootname: str) -> Table:
    rows = here.asking.rows(
        f"SELECT * FROM v_sky_values WHERE rootname = ? ORDER BY run_id DESC, extver"
        f" LIMIT {MANY + 1}",
        rootname,
    )
    kept = here.asking.rows("SELECT run_id FROM v_sky_current WHERE rootname = ?", rootname)
    current = {row["run_id"] for row in kept}
    for row in rows:
        row["current"] = "in use" if row["run_id"] in current else None
        row["method"] = row["effective_method"]
    names = ("run_id", "current", "extver", "requested_method", "method", "downgraded",
             "mdrizsky", "mdrizsky_sigma", "unit", "engine", "version", "started_at",
             "tool_version")  # fmt: skip
    caption = (
        "MDRIZSKY of every chip in every run, the newest first; those of match are offsets from"
        " one image."
    )
    return Table("Skies", caption, columns_of(*names), rows[:MANY], marked="current",
                 pages=everything(rows, "v_sky_values", rootname=rootname))  # fmt: skip


def _runs(here: Here, exposure_id: int) -> Table:
    rows = here.asking.rows(
        "SELECT u.activity_id AS run_id FROM products p"
        " JOIN product_versions pv ON pv.product_id = p.id"
        " JOIN activity_used u ON u.version_id = pv.id WHERE p.exposure_id = ?"
        " UNION SELECT g.activity_id FROM products p"
        " JOIN product_versions pv ON pv.product_id = p.id"
        " JOIN activity_generated g ON g.version_id = pv.id WHERE p.exposure_id = ?"
        " UNION SELECT run_id FROM sky_values WHERE exposure_id = ?",
        exposure_id, exposure_id, exposure_id,
    )  # fmt: skip
    runs = runs_by_id(here, [row["run_id"] for row in rows])
    caption = "What used or made a file of it, the newest first. Choose sky runs to compare them."
    return runs_table(runs, "Runs", caption)


def _notes(here: Here, row: Row) -> list[Row]:
    keys = here.asking.rows(
        "SELECT b.id FROM book_entries b WHERE b.exposure_id = ? OR b.visit_id = ?"
        " OR b.product_id IN (SELECT id FROM products WHERE exposure_id = ?)"
        " OR b.solution_id IN (SELECT s.id FROM alignment_solutions s JOIN products p"
        "   ON p.id = s.product_id WHERE p.exposure_id = ?) ORDER BY b.id DESC LIMIT 100",
        row["id"], row["visit_key"], row["id"], row["id"],
    )  # fmt: skip
    numbers = [key["id"] for key in keys]
    return notes_where(here, f"id IN ({places(numbers)})", *numbers) if numbers else []


def _maps(here: Here, row: Row) -> tuple[Map, ...]:
    """The exposures of the visit, with this one marked."""
    rows = here.asking.rows(
        "SELECT rootname FROM exposures WHERE visit_id = ? ORDER BY id = ? DESC, id LIMIT 60",
        row["visit_key"], row["id"],
    )  # fmt: skip
    caption = "This exposure among those of its visit; north is up, east is left."
    drawn, _ = footprint_maps(here.services, [one["rootname"] for one in rows], row["rootname"])
    with_it = [one for one in drawn if any("here" in shape.look for shape in one.shapes)]
    return tuple(Map(one, caption) for one in with_it)
