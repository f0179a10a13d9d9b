"""Blocks of the page of a field about its making: footprints, catalogue, parameters, audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from skydb.errors import FileRejectedError, NotFoundError
from skydb.report import columns, columns_runs, pages
from skydb.report.audit_figures import audit_picture, draw_audit
from skydb.report.counting import counted
from skydb.report.field_figures import or_why_not, themed
from skydb.report.footprint_figures import draw_footprints
from skydb.report.html import BlinkBlock, FigureBlock, TableBlock, TextBlock
from skydb.report.tables import Column

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.store.scope import Scope

Row = Mapping[str, Any]
_Blocks: TypeAlias = tuple[TableBlock | FigureBlock | BlinkBlock | TextBlock, ...]

_CATALOGS = (
    Column("catalog"),
    Column("first_epoch", "epoch from", "yr", ".3f"),
    Column("last_epoch", "to", "yr", ".3f"),
    Column("products"),
    Column("sources"),
    Column("displacement_mas", "moved by", "mas", ".1f"),
    Column("without_motion", "without a motion"),
    Column("still_epoch", "epoch of these", format=".3f"),
    Column("treatment", "they are"),
)


def footprint_blocks(services: Services, scope: Scope, alignment: int | None) -> _Blocks:
    """The map of the footprints of a page, with the catalogue of its alignment.

    Parameters
    ----------
    services : Services
    scope : Scope
        The exposures of the page.
    alignment : int or None
        The alignment run that is shown.
    """
    used = catalog_rows(services, alignment)

    def draw() -> tuple[FigureBlock, ...]:
        without = ""
        try:
            shown = pages.footprints_shown(
                services, scope, *((used[0]["catalog"], used[0]["epoch"]) if used else ())
            )
        except (NotFoundError, FileRejectedError) as error:
            # The file of the catalogue may be gone; the footprints are in the ledger.
            if not used:
                raise
            without = f" The sources of {used[0]['catalog']} are not drawn: {error}"
            shown = pages.footprints_shown(services, scope)
        count = sum(field.exposures for field in shown.fields)
        more = f", and sources of {shown.catalog}" if shown.catalog else ""
        return (
            FigureBlock.drawn(
                "Footprints",
                f"Outlines of the exposures in their active WCS, by visit{more}.{without}",
                f"Map of the outlines of {counted(count, 'exposure')} of "
                f"{counted(len(shown.visits), 'visit')}.",
                themed(draw_footprints, shown),
            ),
        )

    return or_why_not(draw)


def catalog_rows(services: Services, alignment: int | None) -> list[dict[str, Any]]:
    """The catalogue of an alignment run, and the epochs that it was placed at.

    Returns
    -------
    list of dict
        One, or none without a catalogue: ``catalog``, ``first_epoch``, ``epoch`` (in the
        middle) and ``last_epoch`` (Julian years, or None), how many ``products`` were fitted
        to it, and what became of sources without a proper motion.
    """
    if alignment is None:
        return []
    given = services.runs.show(alignment)["all_parameters"]
    name = _name_of(given.get("refcat"))
    placed = given.get("catalog")
    if name is None:
        return []
    facts = (
        [one for one in placed.values() if isinstance(one, Mapping)]
        if isinstance(placed, Mapping)
        else []
    )
    epochs = sorted(one["used_epoch"] for one in facts if one.get("used_epoch") is not None)
    if not epochs:
        return [{"catalog": name, "epoch": None, "products": len(given.get("products") or ())}]
    row = {
        **facts[0], "catalog": name, "products": len(facts), "epoch": epochs[len(epochs) // 2],
        "first_epoch": epochs[0], "last_epoch": epochs[-1],
    }  # fmt: skip
    row["displacement_mas"] = max(one.get("displacement_mas") or 0.0 for one in facts)
    row["treatment"] = row.get("treatment") or None
    return [row]


def _name_of(refcat: object) -> str | None:
    if isinstance(refcat, Mapping):
        return _name_of(refcat.get("name"))
    if isinstance(refcat, (list, tuple)):
        return _name_of(refcat[0]) if refcat else None
    return str(refcat) if refcat else None


def catalog_blocks(services: Services, alignments: Sequence[int]) -> _Blocks:
    """The reference catalogues of alignment runs, and the epoch of their sources."""
    rows = [row for run in alignments for row in catalog_rows(services, run)]
    if not rows:
        return ()
    caption = "Sources with a proper motion were moved to the epoch of each product."
    return (TableBlock("Catalogue and epoch", caption, _CATALOGS, rows),)


def parameter_blocks(services: Services, runs: Sequence[int]) -> tuple[TableBlock, ...]:
    """Parameters of runs that differ from their preset, once for runs that have the same."""
    by_parameters: dict[str, tuple[list[int], list[Row]]] = {}
    for run in runs:
        rows: list[Row] = [
            row for row in services.runs.parameters(run) if row["name"] not in _SAID_ELSEWHERE
        ]
        by_parameters.setdefault(repr(rows), ([], rows))[0].append(run)
    title, shown = columns_runs.PARTS["parameters"]
    return tuple(
        TableBlock(title, f"Run{'s' if len(same) > 1 else ''} {_listed(same)}.", shown, rows)
        for same, rows in by_parameters.values()
        if rows
    )


#: Parameters that other tables of the page show, run by run.
_SAID_ELSEWHERE = frozenset({"skymethod", "products", "refcat", "inputs"})


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def audit_blocks(services: Services, runs: Sequence[Row]) -> _Blocks:
    """The audit of the best of some sky runs, where the overlaps of their exposures are measured.

    Parameters
    ----------
    services : Services
    runs : sequence of mapping
        Rows of sky runs of one group.
    """
    known = [run["run"] for run in runs]
    first = services.audit.of_record(known[0]) if known else None
    if first is None:
        return ()
    best = next((score.run for score in first.ranking if score.run in known), known[0])
    audit = first if best == known[0] else services.audit.of_record(best)
    if audit is None or not audit.residuals:
        return ()
    picture = audit_picture(audit)
    ranking = TableBlock(
        "Audit", "Differences of sky that the runs leave where exposures overlap, the best first.",
        columns.AUDIT_RANKING, audit.ranking_rows(),
    )  # fmt: skip
    figure = FigureBlock.drawn(
        f"Audit of run {audit.run.run}, {audit.run.method}",
        f"All pairs by: `skydb sky audit {audit.run.run}`",
        f"Residuals of {len(audit.residuals)} pairs of exposures on the sky and as a matrix, and"
        f" the RMS of {len(audit.ranking)} runs.",
        themed(draw_audit, picture),
    )
    return (ranking, figure)
