"""The SQL views for users and scripts: one file each, the only source of their text.

``NAME.sql`` here is the SELECT of the view NAME, a Jinja template of the ``dialect``;
files that begin with ``_`` have parts of several views. After a migration every ledger
has the views of these files, whatever it had before: see ``migrations/env.py``.
"""

from __future__ import annotations

import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from skydb.domain.todo import TodoRule

if TYPE_CHECKING:
    from jinja2 import Environment

_DIRECTORY = Path(__file__).parent

#: Files of rules in ``todo`` that are not named as their rule.
_FILES = {
    TodoRule.ALIGNMENT_OUTDATED: ("alignment-outdated", "alignment-outdated-elsewhere"),
    TodoRule.ENVIRONMENT_FAILED: ("sky-environment-failed", "alignment-environment-failed"),
    TodoRule.ENVIRONMENT_UNCHECKED: ("sky-environment-unchecked",),
}

#: Views of earlier revisions that do not exist any more.
_GONE: tuple[str, ...] = ()


@cache
def view_names() -> tuple[str, ...]:
    """Every view, each after those that it reads."""
    names = sorted(path.stem for path in _DIRECTORY.glob("[!_]*.sql"))
    texts = {name: (_DIRECTORY / f"{name}.sql").read_text(encoding="utf-8") for name in names}
    read = {
        name: [other for other in names if other != name and re.search(rf"\b{other}\b", text)]
        for name, text in texts.items()
    }
    return tuple(TopologicalSorter(read).static_order())


def view_sql(name: str, dialect: str) -> str:
    """The SELECT of a view.

    Parameters
    ----------
    name : str
        One of :func:`view_names`.
    dialect : str
        ``sqlite`` or ``postgresql``.
    """
    return _trimmed(_templates().get_template(f"{name}.sql").render(dialect=dialect))


def due_sql(rule: TodoRule, dialect: str) -> str:
    """The SELECT of ``v_todo`` by one rule, and by another that takes no time.

    PostgreSQL plans every subquery of the view for each question, whatever rule is asked for.

    Parameters
    ----------
    rule : TodoRule
    dialect : str
        ``sqlite`` or ``postgresql``.
    """
    files = _FILES.get(rule, (rule.value,))
    # A union is planned branch by branch; one branch alone would be planned together with the
    # dismissals, as one join of too many tables.
    only = list(dict.fromkeys([*files, TodoRule.LEFT_RUNNING.value]))
    return _trimmed(_templates().get_template("v_todo.sql").render(dialect=dialect, only=only))


def counted_visits(dialect: str, condition: str = "1 = 1") -> str:
    """The SELECT that counts visits ``v`` from their rows, in the order of their counts.

    Parameters
    ----------
    dialect : str
        ``sqlite`` or ``postgresql``.
    condition : str
        Which visits.
    """
    counted = '{% from "_visit_status.sql" import counted with context -%}{{ counted(visits) }}'
    return _trimmed(_templates().from_string(counted).render(dialect=dialect, visits=condition))


@cache
def counts_of_visits() -> tuple[str, ...]:
    """Names of the counts of a visit, in the order of :func:`counted_visits`."""
    module = _templates().get_template("_visit_status.sql").module
    return tuple(module.counts)  # type: ignore[attr-defined]


def create_views(connection: Connection) -> None:
    """Make every view; none of them may exist."""
    for name in view_names():
        select = view_sql(name, connection.dialect.name)
        _execute(connection, f"CREATE VIEW {name} AS\n{select}")


def drop_views(connection: Connection) -> None:
    """Drop every view that this or an earlier revision made, and no other."""
    present = set(inspect(connection).get_view_names())
    for name in reversed((*_GONE, *view_names())):
        if name in present:
            _execute(connection, f"DROP VIEW {name}")


def _execute(connection: Connection, statement: str) -> None:
    # As it stands: neither is 'run:' a parameter, nor would a percent sign be one.
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _trimmed(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.splitlines() if line.strip())


@cache
def _templates() -> Environment:
    # Most commands make no view.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_DIRECTORY),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
