"""Status of a ledger, due work, and the commands that settle it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import AlignmentRoad
from skydb.services.core import Context
from skydb.store import books_queries, due_queries
from skydb.store.rows import Row
from skydb.store.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from skydb.store.roads import CatalogsAround, RoadOf

#: Reasons that are joined in one row, and where the parts of one begin.
_FEW_REASONS, _PART = 3, re.compile(r"(?<=[.;:]) ")

#: Rules that name the drizzled product as part of which an exposure is fitted.
_OF_PRODUCTS = {TodoRule.NOT_ALIGNED, TodoRule.ALIGNMENT_OUTDATED}

#: Characters of a product in the name of a catalogue.
_LONGEST_STEM = 55

#: Proposals, and visits, of which it is quicker to ask for them than for everything.
_MANY_PROPOSALS, _MANY_VISITS = 50, 3000


class StatusBy(StrEnum):
    """Grouping of a status."""

    VISIT = "visit"
    PROGRAM = "program"


@dataclass(frozen=True)
class TodoService:
    """Reads due work and the status; changes nothing."""

    context: Context

    def status(self, by: StatusBy = StatusBy.VISIT, scope: Scope | None = None) -> list[Row]:
        """Exposures downloaded, aligned, matched, flagged, stale... per visit or program.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        is_by_visit = by is StatusBy.VISIT
        if scope is None or scope.is_everything:
            all_of = books_queries.all_visits if is_by_visit else books_queries.all_programs
            with self.context.store.asking() as connection:
                return all_of(connection)
        ask = books_queries.visit_status if is_by_visit else books_queries.program_status
        with self.context.store.reading() as session:
            return ask(session, scope)

    def todo(self, scope: Scope | None = None, rule: TodoRule | None = None) -> list[Row]:
        """List what is due: one row a command, with all subjects that it would settle.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        commands: dict[str, list[Row]] = {}
        for row in self.due(scope, rule):
            commands.setdefault(row["command"], []).append(row)
        return [_merged(rows) for rows in commands.values()]

    def due(self, scope: Scope | None = None, rule: TodoRule | None = None) -> list[Row]:
        """List what is due: one row a subject and rule, with the command that would settle it.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.context.store.reading() as session:
            rows = books_queries.todo(session, scope or Scope(), rule)
            return self._with_commands(session, rows)

    def first(
        self, most: int, scope: Scope | None = None, rule: TodoRule | None = None
    ) -> tuple[list[Row], bool]:
        """The first rows of :meth:`todo`, and whether there are more.

        Without a selection they are found without the others.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        if scope is not None and not scope.is_everything:
            rows = self.todo(scope, rule)
            return rows[:most], len(rows) > most
        with self.context.store.reading() as session:
            if books_queries.newest_catalog(session) is None:
                # Then one command, to get one, settles most of what there is.
                rows = self.todo(scope, rule)
                return rows[:most], len(rows) > most
            begun: dict[str, list[Row]] = {}
            for part in due_queries.parts_of(session, rule):
                for row, shown in zip(part, self._with_commands(session, part), strict=True):
                    begun.setdefault(shown["command"], []).append(row)
                if len(begun) > most:
                    break
            wanted: dict[str, list[Row]] = {one: [] for one in list(begun)[:most]}
            known = [row for one in wanted for row in begun[one]]
            for row in self._with_commands(session, _beside(session, known, wanted, rule)):
                if row["command"] in wanted:
                    wanted[row["command"]].append(row)
        return [_merged(rows) for rows in wanted.values()], len(begun) > most

    def _with_commands(self, session: Session, rows: Sequence[Row]) -> list[Row]:
        """Due rows, each with the command that would settle it and not be refused."""
        from skydb.services.bookkeeping.refused import field_of, refusals, runnable

        shown = _shown(session, rows)
        fields = [field_of(row) for row in shown if row["method"]]
        refused = refusals(session, self.context.workspace, fields)
        if not refused:
            return shown
        proposals = {proposal for proposal, *_ in refused}
        if None in proposals or len(proposals) > _MANY_PROPOSALS:
            known = books_queries.todo(session, Scope())
        else:
            known = books_queries.in_order(
                books_queries.due_in(session, {}, "proposal_id", [p for p in proposals if p])
            )
        return runnable(
            shown, refused, known, lambda row: str(_shown(session, [row])[0]["command"])
        )

    def due_counts(self, scope: Scope | None = None) -> dict[TodoRule, int]:
        """Count what is due by each rule.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.context.store.reading() as session:
            return books_queries.due_counts(session, scope or Scope())

    def silenced(self) -> int:
        """Number of notes that dismiss a rule."""
        with self.context.store.reading() as session:
            return books_queries.silenced(session)


def _beside(
    session: Session,
    known: list[Row],
    commands: Collection[str],
    rule: TodoRule | None,
) -> list[Row]:
    """All due rows that can have some commands, of which some rows are known, in order."""
    visits = due_queries.visits_beside(session, known)
    if visits is None or len(visits) > _MANY_VISITS:
        return books_queries.todo(session, Scope(), rule)
    rules = due_queries.rules_of(commands) if rule is None else [rule]
    found = books_queries.in_order(due_queries.of_visits(session, rules, visits))
    there = {tuple(row.values()) for row in found}
    return books_queries.by_rule([*found, *(r for r in known if tuple(r.values()) not in there)])


def _merged(rows: Sequence[Row]) -> Row:
    """Join the rows that one command settles: names once each, the oldest time, every reason."""
    first = rows[0]
    texts = {name: _joined(row[name] for row in rows) for name in ("rule", "subject", "exposure")}
    shown = _told_once(dict.fromkeys(row["reason"] for row in rows))
    since = min((str(row["since"]) for row in rows if row["since"] is not None), default=None)
    return {**first, **texts, "reason": shown, "since": since, "count": len(rows)}


def _told_once(reasons: Collection[str]) -> str:
    """Join the first reasons; of the later ones only the parts that differ."""
    told: dict[str, None] = {}
    shown = []
    for reason in list(reasons)[:_FEW_REASONS]:
        parts = _PART.split(reason)
        new = " ".join(part for part in parts if re.sub(r"[.;]$", "", part) not in told)
        told |= dict.fromkeys(re.sub(r"[.;]$", "", part) for part in parts)
        if new:
            begin = new if reason.startswith(new[:1]) else new[0].upper() + new[1:]
            shown.append(re.sub(r"[;:]$", ".", begin))
    more = len(reasons) - _FEW_REASONS
    return " ".join(shown) + (f" And {more} more." if more > 0 else "")


def _joined(names: Iterable[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _shown(session: Session, rows: Sequence[Row]) -> list[Row]:
    # A status is without commands, and without entities.
    from skydb.store.roads import CatalogsAround, catalogs_of, roads_of

    around = CatalogsAround.of(session, {row["fitted_id"] for row in rows} - {None})
    names = {row["product"] for row in rows if row["product"]}
    shared = books_queries.shared_names(session, names)
    roads = roads_of(session, {row["fitted_id"] for row in rows if _may_be_single(row)})
    fitted = {row["visit_id"] for row in rows if row["rule"] in _OF_PRODUCTS}
    known = catalogs_of(session, fitted - {None})
    return [
        _todo_row(row, _catalog_for(row, around, known.get(row["visit_id"])), shared, roads)
        for row in rows
    ]


def _catalog_for(row: Row, around: CatalogsAround, known: str | None) -> Row:
    """Name the catalogue to fit to, or, where none covers the product, the place to ask for one."""
    product = row["fitted_id"]
    catalog = around.for_product(product, row["refcat"], known)
    place = around.position_deg(product) if catalog is None else None
    return {"refcat": catalog, "place": place}


def _may_be_single(row: Row) -> bool:
    """Whether what is to be fitted may be an exposure by itself, and not a drizzled product."""
    return row["fitted_id"] is not None and TodoRule(row["rule"]) not in _OF_PRODUCTS


def _todo_row(row: Row, catalog: Row, shared: Collection[str], roads: Mapping[int, RoadOf]) -> Row:
    product = f"product:{row['fitted_id']}" if row["product"] in shared else row["product"]
    road = roads.get(row["fitted_id"])
    asked = {**row, **catalog, "product": product, "road": road}
    command = _COMMANDS[TodoRule(row["rule"])](asked)
    shown = ("rule", "subject", "reason", "since")
    rest = {
        key: value for key, value in row.items() if key not in shown and not key.endswith("_id")
    }
    return {
        **{key: row[key] for key in shown},
        "command": command,
        "exposure": row["rootname"],
        **rest,
        "run": row["run_id"],
        "proposal_id": row["proposal_id"],
    }


def _command(*words: object) -> str:
    return shlex.join(["skydb", *map(str, words)])


def _options(row: Row, **names: str) -> list[object]:
    return [
        word for name, option in names.items() if row[name] is not None
        for word in (option, row[name])
    ]  # fmt: skip


def _fit(row: Row) -> str:
    """Fit the product that the exposure is a member of; without one, fetch it."""
    if row["fitted_id"] is None and row["observation"]:
        return _fetch(row)
    if row["refcat"] is None:
        return _command("refcat", "gaia", *_around(row))
    return _command("align", "run", "--refcat", row["refcat"], *_fitted(row))


def _around(row: Row) -> list[object]:
    """Name a new catalogue, and its place, where there are others; the first is of all."""
    if row["place"] is None:
        return []
    ra_deg, dec_deg = row["place"]
    stem = row["product"].partition(".")[0].replace(":", "-")[:_LONGEST_STEM]
    return ["--name", f"gaia-{stem}", "--ra", f"{ra_deg:.3f}", f"--dec={dec_deg:.3f}"]


def _fitted(row: Row) -> list[object]:
    """Name what is to be fitted: a product, or an exposure as it was fitted the last time."""
    products = [row["product"]] if row["product"] else []
    if row["road"] is None:
        return products
    road, group_by = row["road"]
    if road is not AlignmentRoad.GROUP:
        return ["--what", road.value, *products]
    by = ["--group-by", group_by] if group_by else []
    is_of_target = group_by == "target" and row["target"]
    of = ["--target", row["target"]] if is_of_target else ["--visit", row["visit"]]
    return ["--what", road.value, *by, *of]


def _match(row: Row) -> str:
    chosen = _options(
        row, proposal_id="--proposal", target="--target", detector="--detector", filter="--filter"
    )
    return _command("sky", "run", "--method", row["method"], *chosen)


def _repeat(row: Row) -> str:
    return f"{_match(row)} --force" if row["method"] else _fit(row)


def _fetch(row: Row) -> str:
    return _command("fetch", *_options(row, observation="--obs-id", proposal_id="--proposal"),
                 "--refresh")  # fmt: skip


def _check(_: Row) -> str:
    return _command("doctor")


def _review(row: Row) -> str:
    return _command("align", "accept", row["run_id"])


def _look(row: Row) -> str:
    return _command("align", "show", row["run_id"])


def _abandon(row: Row) -> str:
    return _command("runs", "abandon", row["run_id"], "--why", "its process is gone")


_COMMANDS: dict[TodoRule, Callable[[Row], str]] = {
    TodoRule.NOT_ALIGNED: _fit,
    TodoRule.FIT_WAITING: _review,
    TodoRule.FIT_FAILED: _fit,
    TodoRule.WEAK_FIT: _look,
    TodoRule.ALIGNMENT_OUTDATED: _fit,
    TodoRule.SKY_OUTDATED: _match,
    TodoRule.ENVIRONMENT_FAILED: _repeat,
    TodoRule.ENVIRONMENT_UNCHECKED: _check,
    TodoRule.CATALOGUE_SUPERSEDED: _fit,
    TodoRule.IDCTAB_SUPERSEDED: _fetch,
    TodoRule.BAD_DELIVERY: _fetch,
    TodoRule.NEVER_MATCHED: _match,
    TodoRule.DOWNGRADED: _repeat,
    TodoRule.INTERRUPTED: _match,
    TodoRule.LEFT_RUNNING: _abandon,
}
