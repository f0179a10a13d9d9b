"""Lists of runs and findings, and the page of one run."""

from __future__ import annotations

from typing import Any

from skydb.browse import links
from skydb.browse.asking import Row
from skydb.browse.blocks import Facts, Links, Page, Part, Pictures, Table, Text, columns_of
from skydb.browse.here import Here, number_of
from skydb.browse.pages.shared import (
    MANY,
    RUNS,
    everything,
    facet,
    findings_table,
    in_table,
    missing,
    notes_table,
    notes_where,
    older,
    runs_table,
    tables_about,
)
from skydb.report.columns_runs import FACTS as NAMES
from skydb.report.columns_runs import PARTS
from skydb.report.tables import Column, Tone

_METHODS = ("localmin", "match", "globalmin+match", "globalmin")


def runs(here: Here) -> Page:
    """List everything that ran, the newest first."""
    where, values = [], []
    for name, column in (("kind", "a.kind"), ("status", "a.status"),
                         ("method", "s.effective_method")):  # fmt: skip
        if here.word(name):
            where.append(f" AND {column} = ?")
            values.append(here.word(name))
    before = here.number("before")
    if before is not None:
        where.append(" AND a.id < ?")
        values.append(str(before))
    rows = here.asking.rows(f"{RUNS}{''.join(where)} ORDER BY a.id DESC LIMIT {MANY + 1}",
                             *values)  # fmt: skip
    table = runs_table(rows[:MANY], "Runs", "Choose sky runs to compare them.",
                       pages=older("/runs", here, rows, "run_id"))  # fmt: skip
    empty = () if rows else (Text(("Nothing of this kind ran.",)),)
    return Page(
        "Runs", "Everything that ran, the newest first.", (Part("Runs", (table, *empty)),),
        (("Ledger", "/"),), area="/runs", head=(_facets(here),),
    )  # fmt: skip


def _facets(here: Here) -> Links:
    counted = here.facts.runs
    kinds = {kind: 0 for kind, _ in sorted(counted)}
    states = {status: 0 for _, status in sorted(counted)}
    for (kind, status), count in counted.items():
        kinds[kind] += count
        states[status] += count
    methods = [(one, None) for one in _METHODS]
    groups = [
        facet("Kind", "kind", list(kinds.items()), "/runs", here),
        facet("Status", "status", list(states.items()), "/runs", here),
    ]
    if "sky-run" in kinds:
        groups.append(facet("Method", "method", methods, "/runs", here))
    return Links(tuple(groups))


def findings(here: Here) -> Page:
    """List problems found, the newest first."""
    where, values = [], []
    if here.word("kind"):
        where.append(" AND f.kind = ?")
        values.append(here.word("kind"))
    before = here.number("before")
    if before is not None:
        where.append(" AND f.id < ?")
        values.append(str(before))
    rows = here.asking.rows(
        "SELECT f.id, f.noticed_at, f.kind, f.subject, f.message, f.activity_id AS run_id"
        " FROM findings f JOIN activities a ON a.id = f.activity_id AND a.deleted_at IS NULL"
        f" WHERE 1 = 1{''.join(where)} ORDER BY f.id DESC LIMIT {MANY + 1}",
        *values,
    )
    table = findings_table(rows[:MANY], "Findings", "Each was found by its run.",
                           pages=older("/findings", here, rows, "id"))  # fmt: skip
    empty = () if rows else (Text(("No problem was found.",), Tone.GOOD),)
    kinds = Links((facet("Kind", "kind", sorted(here.facts.findings.items()), "/findings", here),))
    lead = "Problems that an exit status does not show."
    return Page("Findings", lead, (Part("Findings", (table, *empty)),), (("Ledger", "/"),),
                area="/findings", head=(kinds,))  # fmt: skip


def run(here: Here, number: str) -> Page:
    """Show one run: its parameters, inputs, values, findings, and its mosaic.

    Parameters
    ----------
    here : Here
    number : str
        As it stands in the address.
    """
    key = number_of(number)
    row = None if key is None else _row(here, key)
    if row is None or key is None:
        return missing(f"There is no run {number!r}.", "The list of runs has all.", "/runs")
    parts = (
        Part("Mosaic", _mosaic(here, row)),
        Part("Parameters", _parameters(here, row)),
        Part("Skies", (_values(here, key),)),
        Part("Fits", (_fits(here, key),)),
        Part("Inputs and outputs", (_inputs(here, key), _outputs(here, key))),
        Part("Findings", (_findings(here, key),)),
        Part("Attempts", (_attempts(here, key),)),
        Part("Notes and flags", (notes_table(
            notes_where(here, "run_id = ?", key), "About this run."),)),
        Part("Beside it", (_beside(here, row),)),
    )  # fmt: skip
    title = f"Run {key}: {row['effective_method'] or row['requested_method'] or row['kind']}"
    lead = f"{row['kind']}, {row['status']}"
    about = tables_about(
        ("Sky values", in_table("v_sky_values", run_id=key)),
        ("Inputs", in_table("v_run_inputs", run_id=key)),
        ("Findings", in_table("v_findings", run_id=key)),
    )
    facts = Facts.of(row, {name: title for name, title in _named().items() if row.get(name)})
    return Page(title, lead, parts, (("Ledger", "/"), ("Runs", "/runs")), area="/runs",
                head=(*_warning(row), facts, about))  # fmt: skip


def _named() -> dict[str, str]:
    extra = {"engine": "engine", "replay_of": "repeats run", "python_version": "Python",
             "environment_verdict": "environment"}  # fmt: skip
    return {**{name: title.replace(" (UTC)", "") for name, title in NAMES.items()}, **extra}


def _row(here: Here, number: int) -> Row | None:
    return here.asking.first(
        "SELECT a.id AS run_id, a.kind, a.status, a.agent, a.skydb_version, a.tool_version,"
        " a.imported_by_id AS imported_by, a.started_at, a.finished_at, a.error, a.deleted_at,"
        " s.engine, s.requested_method, s.effective_method, s.downgraded, s.retention,"
        " s.replay_of_id AS replay_of, s.group_id,"
        " COALESCE(g.label, c.name, f.reference) AS about, m.science_path, m.naxis1_pix,"
        " m.naxis2_pix, m.purged_at AS mosaic_purged_at, m.run_id AS mosaic,"
        " n.python_version, n.verdict AS environment_verdict"
        " FROM activities a LEFT JOIN sky_runs s ON s.id = a.id"
        " LEFT JOIN sky_run_groups g ON g.id = s.group_id LEFT JOIN mosaics m ON m.run_id = a.id"
        " LEFT JOIN alignment_runs f ON f.id = a.id"
        " LEFT JOIN reference_catalogs c ON c.id = f.catalog_id"
        " LEFT JOIN environments n ON n.id = a.environment_id WHERE a.id = ?",
        number,
    )


def _warning(row: Row) -> tuple[Text, ...]:
    said = []
    if row["downgraded"]:
        said.append(f"{row['requested_method']} was asked for, {row['effective_method']} ran.")
    if row["deleted_at"]:
        said.append("This run was deleted; it is kept for what was made of it.")
    return (Text(tuple(said), Tone.BAD),) if said else ()


def has_picture(here: Here, row: Row) -> bool:
    """Whether the file of a mosaic is where the ledger has it."""
    return here.services.context.workspace.resolve(row["science_path"]).is_file()


def _mosaic(here: Here, row: Row) -> tuple[Any, ...]:
    if row["mosaic"] is None:
        return ()
    if row["mosaic_purged_at"]:
        return (
            Text((f"Its pixels were purged on {row['mosaic_purged_at'][:10]}; all else is kept.",)),
        )
    if not has_picture(here, row):
        said = "The file of this mosaic is not where it was; `skydb fsck` says which are missing."
        return (Text((said,), Tone.WARNING),)
    return (mosaic_pictures([row]),)


def mosaic_pictures(rows: list[Row]) -> Pictures:
    """Make the pictures of mosaics, side by side on one stretch."""
    numbers = [row["run_id"] for row in rows]
    items = []
    for row in rows:
        shape = f"{row['naxis1_pix']} by {row['naxis2_pix']} pixels"
        what = f"run {row['run_id']}, {row['effective_method'] or row['requested_method']}"
        address = f"/mosaic/{row['run_id']}.png?{'&'.join(f'run={n}' for n in numbers)}"
        caption = f"{what}: {shape}"
        items.append((address, f"Mosaic of {what}, {shape}.", caption, links.run(row["run_id"])))
    shared = "One asinh stretch for all, each" if len(rows) > 1 else "An asinh stretch,"
    return Pictures(tuple(items), f"{shared} with its median subtracted. Grey has no data.")


def _parameters(here: Here, row: Row) -> tuple[Table, ...]:
    rows = [dict(one) for one in here.services.runs.parameters(row["run_id"])]
    for one in rows:
        one["value"], one["usual"] = _said(one["value"]), _said(one["usual"])
    title, columns = PARTS["parameters"]
    return (Table(title, "Those that were given, and the defaults.", columns, rows[:MANY]),)


def _said(value: object) -> str | None:
    return None if value is None else str(value)


def _values(here: Here, number: int) -> Table:
    rows = here.asking.rows(
        f"SELECT * FROM v_sky_values WHERE run_id = ? ORDER BY rootname, extver LIMIT {MANY + 1}",
        number,
    )
    names = ("rootname", "extver", "mdrizsky", "mdrizsky_sigma", "unit", "filter", "detector",
             "version", "cal_ver", "idctab", "cr_masked_pix")  # fmt: skip
    return Table("Skies", "MDRIZSKY of every chip.", columns_of(*names), rows[:MANY],
                 pages=everything(rows, "v_sky_values", run_id=number))  # fmt: skip


def _fits(here: Here, number: int) -> Table:
    rows = here.asking.rows(
        "SELECT *, product AS file FROM v_alignment_history WHERE activity_id = ?"
        f" ORDER BY product, id LIMIT {MANY + 1}",
        number,
    )
    names = ("id", "rootname", "product", "version", "wcs_name", "origin", "status", "refcat",
             "nmatches", "rms_ra_mas", "rms_dec_mas", "dx_pix", "dy_pix", "rotation_deg",
             "predicted_shift_mas", "realised_shift_mas", "residual_mas", "trust")  # fmt: skip
    return Table("WCS solutions", "Fits that it made, or WCS that it recorded.",
                 (*columns_of(*names), Column("reason", wraps=True)), rows[:MANY],
                 pages=everything(rows, "v_alignment_history", activity_id=number))  # fmt: skip


def _inputs(here: Here, number: int) -> Table:
    rows = here.asking.rows(f"SELECT * FROM v_run_inputs WHERE run_id = ? LIMIT {MANY + 1}", number)
    names = ("rootname", "filename", "version", "flavour", "role", "wcs_name", "alignment")
    columns = (*columns_of(*names), Column("reason", wraps=True))
    caption = "Files that it used: which version, with which WCS, and why this one."
    return Table("Inputs", caption, columns, rows[:MANY],
                 pages=everything(rows, "v_run_inputs", run_id=number))  # fmt: skip


def _outputs(here: Here, number: int) -> Table:
    rows = here.asking.rows(
        "SELECT e.rootname, pv.filename, pv.number AS version, g.role FROM activity_generated g"
        " JOIN product_versions pv ON pv.id = g.version_id"
        " JOIN products p ON p.id = pv.product_id LEFT JOIN exposures e ON e.id = p.exposure_id"
        f" WHERE g.activity_id = ? LIMIT {MANY}",
        number,
    )
    note = f"The first {MANY} are shown." if len(rows) == MANY else ""
    names = ("rootname", "filename", "version", "role")
    caption = "File versions that it recorded or made."
    return Table("Outputs", caption, columns_of(*names), rows, note)


def _findings(here: Here, number: int) -> Table:
    rows = here.asking.rows(
        f"SELECT * FROM v_findings WHERE run_id = ? ORDER BY id LIMIT {MANY + 1}", number
    )
    return findings_table(rows[:MANY], "Findings", "Problems that it found.",
                          pages=everything(rows, "v_findings", run_id=number))  # fmt: skip


def _attempts(here: Here, number: int) -> Table:
    rows = here.asking.rows(
        "SELECT number AS attempt, worker, outcome AS status, started_at, finished_at, error"
        f" FROM run_attempts WHERE activity_id = ? ORDER BY number LIMIT {MANY}",
        number,
    )
    _, columns = PARTS["attempts"]
    return Table("Attempts", "Attempts of workers at it.", columns, rows)


def _beside(here: Here, row: Row) -> Table:
    """Runs of other methods on the same exposures."""
    rows = []
    if row["group_id"] is not None:
        rows = here.asking.rows(
            f"{RUNS} AND s.group_id = ? ORDER BY a.id DESC LIMIT {MANY}", row["group_id"]
        )
    shown = rows if len(rows) > 1 else []
    caption = "Sky runs on the same files. Choose some to compare them."
    return runs_table(shown, "Runs of the same group", caption)
