"""Triggers that note the visits whose counts a change of a row may alter.

Whatever writes, be it an entity, rows by the million or a statement by hand, the database
itself notes the visits in ``changed_visits``, in the same transaction. What is read of a
visit that is noted is counted from its rows; see :mod:`skydb.store.summaries`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: A table with its alias, and the condition that joins it.
_JOIN = re.compile(r"JOIN (\w+ \w+) ON (.+?)(?= JOIN |$)")

#: Rows that changed, with their old values and with their new ones.
_ROWS = "c"

_OF_VERSIONS = "JOIN product_versions pv ON pv.id = {key} JOIN products p ON p.id = pv.product_id"
_OF_SOLUTIONS = "JOIN alignment_solutions s ON {on} JOIN products p ON p.id = s.product_id"
_OF_EXPOSURE = "JOIN exposures e ON e.id = p.exposure_id"
_OF_VALUES = "JOIN sky_values sv ON sv.run_id = {key} JOIN exposures e ON e.id = sv.exposure_id"


@dataclass(frozen=True)
class Watch:
    """A table whose rows count, and the way from a row to its visits.

    Parameters
    ----------
    table : str
        Its name.
    columns : tuple of str
        Columns of which a change counts.
    ways : tuple of (str, str)
        Visit, and the joins from a row ``c`` to it.
    events : tuple of str
        Changes that count. A row that nothing can refer to yet changes no visit.
    condition : str
        Rows that count, by their values.
    run : str
        Column with the run whose other values such a change concerns, if any.
    """

    table: str
    columns: tuple[str, ...]
    ways: tuple[tuple[str, str], ...]
    events: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")
    condition: str = ""
    run: str = ""

    def noted(self, rows: str) -> str:
        """The statement that notes the visits of some rows."""
        found = "\n UNION ".join(
            f"SELECT {visit} AS visit_id FROM {rows} {_ROWS} {joins}" for visit, joins in self.ways
        )
        # Who notes a visit that is noted waits for a transaction that takes the note away.
        return (
            "INSERT INTO changed_visits (visit_id)\n"
            f" SELECT DISTINCT f.visit_id FROM (\n {found}) f\n"
            " WHERE f.visit_id IS NOT NULL\n"
            " ON CONFLICT (visit_id) DO UPDATE SET visit_id = EXCLUDED.visit_id"
        )

    def noted_runs(self, rows: str) -> str:
        """The statement that notes the runs of some rows, for their values in other visits."""
        return (
            "INSERT INTO changed_runs (run_id)\n"
            f" SELECT DISTINCT {_ROWS}.{self.run} FROM {rows} {_ROWS}\n"
            " WHERE true ON CONFLICT (run_id) DO UPDATE SET run_id = EXCLUDED.run_id"
        )


def _of_products(joins: str) -> tuple[tuple[str, str], ...]:
    """The visit of a product, and that of its exposure."""
    return ("p.visit_id", joins), ("e.visit_id", f"{joins} {_OF_EXPOSURE}")


_BY_ACTIVITY = (
    *_of_products(
        f"JOIN activity_used u ON u.activity_id = c.id {_OF_VERSIONS.format(key='u.version_id')}"
    )[:1],
    *_of_products(
        "JOIN activity_generated g ON g.activity_id = c.id "
        + _OF_VERSIONS.format(key="g.version_id")
    )[:1],
    *_of_products(_OF_SOLUTIONS.format(on="s.activity_id = c.id")),
    ("e.visit_id", _OF_VALUES.format(key="c.id")),
)

_BY_ENVIRONMENT = (
    *_of_products(
        "JOIN activities a ON a.environment_id = c.id "
        + _OF_SOLUTIONS.format(on="s.activity_id = a.id")
    ),
    (
        "e.visit_id",
        f"JOIN activities a ON a.environment_id = c.id {_OF_VALUES.format(key='a.id')}",
    ),
)

WATCHES = (
    Watch("visits", ("id",), (("c.id", ""),)),
    Watch(
        "exposures",
        ("id", "visit_id", "known_from", "filters", "detector"),
        (("c.visit_id", ""),),
    ),
    Watch(
        "products",
        ("id", "visit_id", "exposure_id", "kind", "flavour"),
        (("c.visit_id", ""), ("e.visit_id", "JOIN exposures e ON e.id = c.exposure_id")),
    ),
    Watch(
        "product_versions",
        ("id", "product_id", "delivery", "place"),
        _of_products("JOIN products p ON p.id = c.product_id"),
    ),
    Watch(
        "alignment_solutions",
        (
            *("id", "product_id", "version_id", "applied_version_id", "source_id", "activity_id"),
            *("superseded_by_id", "origin", "status"),
        ),
        _of_products("JOIN products p ON p.id = c.product_id"),
    ),
    Watch(
        "downloads",
        ("version_id", "status"),
        _of_products(_OF_VERSIONS.format(key="c.version_id"))[1:],
        condition="status = 'complete'",
    ),
    Watch(
        "activity_used",
        ("activity_id", "version_id"),
        _of_products(_OF_VERSIONS.format(key="c.version_id"))[:1],
    ),
    Watch(
        "activity_generated",
        ("activity_id", "version_id"),
        _of_products(_OF_VERSIONS.format(key="c.version_id"))[:1],
    ),
    Watch(
        "activities",
        (
            *("id", "status", "deleted_at", "imported_by_id", "environment_id"),
            *("created_at", "started_at", "finished_at"),
        ),
        _BY_ACTIVITY,
        ("UPDATE",),
    ),
    Watch(
        "sky_runs",
        ("id", "effective_method", "downgraded", "replay_of_id", "group_id"),
        (("e.visit_id", _OF_VALUES.format(key="c.id")),),
        ("UPDATE",),
    ),
    Watch(
        "sky_values",
        ("run_id", "exposure_id", "extver", "version_id", "mdrizsky", "unit"),
        (("e.visit_id", "JOIN exposures e ON e.id = c.exposure_id"),),
        run="run_id",
    ),
    Watch(
        "environments",
        ("id", "verdict"),
        _BY_ENVIRONMENT,
        ("UPDATE",),
        # Nothing depends on any other verdict.
        "verdict = 'failed'",
    ),
    Watch(
        "book_entries",
        ("kind", "visit_id", "exposure_id", "product_id", "solution_id", "withdrawn_at"),
        (
            ("c.visit_id", ""),
            ("e.visit_id", "JOIN exposures e ON e.id = c.exposure_id"),
            *_of_products("JOIN products p ON p.id = c.product_id"),
            *_of_products(_OF_SOLUTIONS.format(on="s.id = c.solution_id")),
        ),
        condition="kind = 'flag'",
    ),
)


def made(dialect: str) -> Iterator[str]:
    """Statements that make the triggers."""
    for watch in WATCHES:
        for event in watch.events:
            yield from (_sqlite(watch, event) if dialect == "sqlite" else _postgresql(watch, event))


def dropped(dialect: str) -> Iterator[str]:
    """Statements that drop the triggers, as far as there are any."""
    for watch in WATCHES:
        for event in watch.events:
            name = _name(watch, event)
            if dialect == "sqlite":
                yield f"DROP TRIGGER IF EXISTS {name}"
            else:
                # Its trigger goes with it, and so a table that is not there does not matter.
                yield f"DROP FUNCTION IF EXISTS {name}() CASCADE"


def trigger_names() -> list[str]:
    """Names of the triggers, the same on both databases."""
    return [_name(watch, event) for watch in WATCHES for event in watch.events]


def _name(watch: Watch, event: str) -> str:
    return f"changed_by_{event.lower()}_{watch.table}"


def _sqlite(watch: Watch, event: str) -> Iterator[str]:
    """A trigger of each row: SQLite has no others, and so each way is a lookup of its own."""
    sides = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[event]
    noted = "".join(_of_row(visit, joins, side) for side in sides for visit, joins in watch.ways)
    if watch.run:
        noted += "".join(_run_of_row(watch.run, side) for side in sides)
    conditions = []
    if event == "UPDATE":
        conditions.append(" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in watch.columns))
    if watch.condition:
        conditions.append(" OR ".join(f"{side}.{watch.condition}" for side in sides))
    when = " AND ".join(f"({one})" for one in conditions)
    of = f" OF {', '.join(watch.columns)}" if event == "UPDATE" else ""
    yield (
        f"CREATE TRIGGER {_name(watch, event)} AFTER {event}{of} ON {watch.table}\n"
        f"{'WHEN ' + when if when else ''}\nBEGIN\n{noted}END"
    )


def _of_row(visit: str, joins: str, side: str) -> str:
    """The statement that notes the visits of one row by one way."""
    tables, conditions = zip(*_JOIN.findall(joins), strict=True) if joins else ((), ())
    wanted = " AND ".join((*conditions, f"{visit} IS NOT NULL"))
    found = f"SELECT {visit}{' FROM ' if tables else ''}{', '.join(tables)} WHERE {wanted}"
    said = f"INSERT INTO changed_visits (visit_id) {found} ON CONFLICT (visit_id) DO NOTHING;\n"
    return re.sub(r"\bc\.", f"{side}.", said)


def _run_of_row(run: str, side: str) -> str:
    return f"INSERT INTO changed_runs (run_id) VALUES ({side}.{run}) ON CONFLICT DO NOTHING;\n"


def _postgresql(watch: Watch, event: str) -> Iterator[str]:
    """A trigger of each statement, for all rows that it changed."""
    columns = ", ".join(watch.columns)
    where = f" WHERE {watch.condition}" if watch.condition else ""
    newer = f"SELECT {columns} FROM newer_rows{where}"
    older = f"SELECT {columns} FROM older_rows{where}"
    rows, tables = {
        "INSERT": (newer, "NEW TABLE AS newer_rows"),
        "DELETE": (older, "OLD TABLE AS older_rows"),
        "UPDATE": (
            f"(({older} EXCEPT {newer}) UNION ALL ({newer} EXCEPT {older}))",
            "OLD TABLE AS older_rows NEW TABLE AS newer_rows",
        ),
    }[event]
    name = _name(watch, event)
    statements = [watch.noted(f"({rows})")]
    if watch.run:
        statements.append(watch.noted_runs(f"({rows})"))
    noted = "\n".join(f"EXECUTE $noted$\n{one}\n$noted$;" for one in statements)
    # Planned each time, or a plan for a million rows would be used for one.
    yield (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT\n"
        f"AS $body$ BEGIN\n{noted}\nRETURN NULL; END $body$"
    )
    yield (
        f"CREATE TRIGGER {name} AFTER {event} ON {watch.table} REFERENCING {tables}\n"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
