"""Roles of PostgreSQL with which a SELECT can do harm, and functions that it must not call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skydb.errors import UsageError

if TYPE_CHECKING:
    import psycopg

#: Roles whose members reach files, programs or other sessions of the server.
_POWERS = (
    *("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"),
    *("pg_signal_backend", "pg_write_all_data", "pg_maintain", "pg_create_subscription"),
)

#: Functions that ordinary roles may not call without a grant.
_GUARDED = (
    *("lo_export", "lo_import", "pg_read_file", "pg_read_binary_file", "pg_ls_dir"),
    *("pg_file_write", "pg_reload_conf", "dblink_connect_u"),
)

#: Rights for which a superuser is refused, and any role that can become one.
_RIGHTS = """
    WITH me AS (SELECT oid FROM pg_roles WHERE rolname IN (current_user, session_user))
    SELECT 'is a superuser, or may become one' FROM pg_roles r, me
        WHERE r.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER')
    UNION ALL
    SELECT 'is a member of ' || r.rolname FROM pg_roles r, me
        WHERE r.rolname = ANY(%(powers)s) AND pg_has_role(me.oid, r.oid, 'MEMBER')
    UNION ALL
    SELECT 'may call ' || p.proname FROM pg_proc p, me
        WHERE p.proname = ANY(%(guarded)s) AND has_function_privilege(me.oid, p.oid, 'EXECUTE')
    LIMIT 1
"""

#: Functions that act outside of the transaction of the SELECT that calls them, or that run
#: a text as SQL. Names as PostgreSQL has them, whatever case they are typed in. It is compiled
#: when the first statement is looked at.
_ACTING = (
    r"(pg_terminate_backend|pg_cancel_backend|pg_(try_)?advisory_\w+|dblink\w*|lo_(creat|create"
    r"|export|import|unlink|open|close|put|from_bytea|truncate|truncate64|get)|lo(read|write)"
    r"|set_config|(query|cursor|table|schema|database)_to_xml\w*|ts_stat|ts_rewrite|pg_read_\w+"
    r"|pg_ls_\w+|pg_stat_file|pg_file_\w+|pg_logdir_ls|pg_notify|pg_logical_\w+|pg_replication_\w+"
    r"|pg_create_\w+|pg_drop_\w+|pg_switch_\w+|pg_promote|pg_reload_conf|pg_rotate_logfile\w*"
    r"|pg_wal_replay_\w+|pg_backup_\w+|pg_export_snapshot|pg_log_\w+|pg_stat_reset\w*)"
)
_WORD = re.compile(r"[a-z_\x80-\uffff][\w$]*")

#: A text in quotes, in a statement that has no other kind of quotes.
_LITERAL = re.compile(r"'[^']*'")
_OTHER_QUOTES = re.compile(r"""["$\\]|--|/\*|\b[eub]'|&'""")


def require_harmless(connection: psycopg.Connection[Any]) -> None:
    """Refuse a role with which a SELECT can write, even in a read-only transaction.

    Raises
    ------
    UsageError
        When it is a superuser, or reaches files, programs or sessions of the server.
    """
    asked = {"powers": list(_POWERS), "guarded": list(_GUARDED)}
    found = connection.execute(_RIGHTS, asked).fetchone()
    if found is not None:
        raise UsageError(
            f"SQL: the role {connection.info.user} {found[0]}: with its rights a SELECT can write"
            " files, run programs or end sessions.",
            advice="Make a role that can only read with `skydb db reader NAME` and use that, or "
            "use --as-is.",
        )


def require_no_action(statement: str) -> None:
    """Refuse a statement that calls a function with effects outside of its transaction.

    Raises
    ------
    UsageError
        When it names such a function anywhere but in a plain text in quotes.
    """
    lowered = statement.lower()
    if "u&" in lowered and "\\" in lowered:
        raise UsageError(
            'SQL: names written as U&"..." are not taken.', advice="Write them as they are."
        )
    if not _OTHER_QUOTES.search(lowered):
        lowered = _LITERAL.sub("''", lowered)
    for word in _WORD.findall(lowered):
        if re.fullmatch(_ACTING, word):
            raise UsageError(
                f"SQL: {word} acts outside of the query.",
                advice="Leave it out; or allow it with --as-is.",
            )
