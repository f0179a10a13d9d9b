"""Read-only selects on due work in the order of its list, a part at a time.

The whole list of a survey has a row for most of its exposures. The first rows are found
without it: the counts of the visits say where a rule can have any, and the exposures of these
visits are looked at in the order of their names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import text

from skydb.domain.todo import TodoRule
from skydb.store.books_queries import due_in, in_order
from skydb.store.rows import Row, batches

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Rules whose subjects are exposures, and the visits in which there can be any.
_OF_EXPOSURES = {
    TodoRule.NOT_ALIGNED: "s.aligned < s.exposures",
    TodoRule.ALIGNMENT_OUTDATED: "s.stale > 0",
    TodoRule.SKY_OUTDATED: "s.stale > 0",
    TodoRule.IDCTAB_SUPERSEDED: "s.exposures > s.logged",
    TodoRule.CATALOGUE_SUPERSEDED: "s.aligned > 0",
    TodoRule.NEVER_MATCHED: "s.matched < s.exposures",
    TodoRule.DOWNGRADED: "s.downgraded > 0",
}

#: Rules that are settled by a fetch, and by nothing else.
_FETCHED = (TodoRule.IDCTAB_SUPERSEDED, TodoRule.BAD_DELIVERY)

_OF_MEMBERS = (
    "SELECT DISTINCT e.visit_id FROM product_members m"
    " JOIN exposures e ON e.rootname = m.rootname WHERE m.product_id IN ({keys})"
)
_OF_RUNS = (
    "SELECT DISTINCT p.visit_id FROM alignment_solutions a JOIN products p ON p.id = a.product_id"
    " WHERE a.activity_id IN ({keys})"
)
_OF_PROPOSALS = "SELECT v.id FROM visits v WHERE v.proposal_id IN ({keys})"

#: Exposures of the first part, and of the largest.
_FIRST, _LARGEST = 500, 5000

#: Visits whose exposures PostgreSQL sorts in a tenth of a second.
_MANY_VISITS = 2000


def parts_of(session: Session, rule: TodoRule | None) -> Iterator[list[Row]]:
    """Due rows in the order of the whole list, some at a time.

    Parameters
    ----------
    session : Session
    rule : TodoRule, optional
        Only by this rule.
    """
    for one in TodoRule if rule is None else (rule,):
        source = _source(session, one)
        if one not in _OF_EXPOSURES:
            yield in_order(due_in(session, {"rule": one.value}, source=source))
            continue
        for keys in _exposures(session, _OF_EXPOSURES[one]):
            yield in_order(due_in(session, {"rule": one.value}, "exposure_id", keys, source))


def _source(session: Session, rule: TodoRule) -> str:
    """Table of what is due by a rule, and by others."""
    if not _is_postgresql(session):
        return "v_todo"
    # Not imported with this module: the list of a selection needs no templates.
    from skydb.store.views import due_sql

    return f"({_literally(due_sql(rule, 'postgresql'))}) due"


def _literally(statement: str) -> str:
    """A statement in which a colon begins no parameter."""
    return statement.replace(":", r"\:")


def _is_postgresql(session: Session) -> bool:
    return bool(session.get_bind().dialect.name == "postgresql")


def _exposures(session: Session, condition: str) -> Iterator[list[int]]:
    """Keys of exposures in visits that fulfil a condition, in the order of their names."""
    there = f"e.visit_id IN (SELECT s.visit_id FROM v_visit_status s WHERE {condition})"
    if _is_postgresql(session) and _are_many(session, condition):
        # As a join it would sort the exposures of all these visits to give the first of them.
        there = f"({there}) IS TRUE"
    asked = text(
        f"SELECT e.id, e.rootname FROM exposures e WHERE {there}"
        " AND e.rootname > :last ORDER BY e.rootname LIMIT :most"
    )
    last, most = "", _FIRST
    while found := session.execute(asked, {"last": last, "most": most}).all():
        yield [key for key, _ in found]
        last, most = found[-1].rootname, min(2 * most, _LARGEST)


def _are_many(session: Session, condition: str) -> bool:
    """Whether so many visits fulfil a condition that one is soon found among all exposures."""
    some = f"SELECT 1 FROM v_visit_status s WHERE {condition} LIMIT {_MANY_VISITS + 1}"
    found = session.scalar(text(f"SELECT COUNT(*) FROM ({some}) n"))
    return int(found or 0) > _MANY_VISITS


def visits_beside(session: Session, rows: list[Row]) -> set[int] | None:
    """Visits in which the commands of some rows can have other subjects.

    Those of the rows, of members of the products, and of all that was fitted with them; of sky
    runs all visits of the proposal. None when one of these has no proposal.
    """
    found: set[int] = {row["visit_id"] for row in rows if row["visit_id"] is not None}
    matched = {row["proposal_id"] for row in rows if row["method"]}
    if None in matched:
        return None
    for column, keys in (
        (_OF_MEMBERS, {row["fitted_id"] for row in rows}),
        (_OF_RUNS, {row["run_id"] for row in rows if not row["method"]}),
        (_OF_PROPOSALS, matched),
    ):
        for batch in batches(keys - {None}):
            listed = ", ".join(str(int(key)) for key in batch)
            found.update(session.scalars(text(column.format(keys=listed))))
    return found


def of_visits(session: Session, rules: Collection[TodoRule], visits: Collection[int]) -> list[Row]:
    """Due rows of some visits by some rules, in no order."""
    if _is_postgresql(session):
        # It plans all rules for each question, and finds a way for all of them at once.
        names = {rule.value for rule in rules}
        return [row for row in due_in(session, {}, "visit_id", visits) if row["rule"] in names]
    return [
        row for rule in rules for row in due_in(session, {"rule": rule.value}, "visit_id", visits)
    ]


def rules_of(commands: Iterable[str]) -> list[TodoRule]:
    """Rules by which any of some commands can be due."""
    fetches = any(command.startswith("skydb fetch ") for command in commands)
    return [rule for rule in TodoRule if fetches or rule not in _FETCHED]
