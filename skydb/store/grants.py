"""Roles of PostgreSQL that can read a ledger and do nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine

from skydb.domain import Base
from skydb.errors import StoreError, UsageError
from skydb.store.summaries import KEPT
from skydb.store.urls import redacted
from skydb.store.views import view_names

_REVISIONS = "alembic_version"

#: Longest name that PostgreSQL does not cut.
_LONGEST_NAME = 63

_KNOWN = """
    SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
        OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
        OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid)
        OR EXISTS (SELECT FROM pg_database d WHERE d.datdba = r.oid)
    FROM pg_roles r WHERE r.rolname = %s
"""

#: Location and owner of the ledger.
_PLACE = """
    SELECT n.nspname, pg_get_userbyid(c.relowner), current_database()
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s::regclass
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that can read a ledger.

    Parameters
    ----------
    role : str
        Its name.
    is_new : bool
        Whether it was made now.
    url : URL
        The ledger as it opens it, without a password.
    relations : int
        Tables and views that it reads.
    """

    role: str
    is_new: bool
    url: URL
    relations: int


def make_reader(engine: Engine, role: str, password: str | None) -> Reader:
    """Make a role that can read the ledger, or grant an existing one the missing rights.

    It may connect, read the tables and views of the ledger, those of later revisions too, and
    nothing else; its transactions are read-only by default. All roles lose
    the right to make temporary tables in the database, because a new role would have it.

    Parameters
    ----------
    engine : Engine
        The ledger, as a role that owns it and may make roles.
    role : str
        Its name.
    password : str or None
        Sent as a SCRAM verifier, so that no log has it; None changes nothing.

    Raises
    ------
    UsageError
        When the name cannot be a role, or one of that name can do more than read.
    StoreError
        When the role of the engine may not do this.
    """
    if engine.dialect.name != "postgresql":
        raise UsageError(
            "An SQLite file has no roles.",
            advice="The permissions of the file decide who may read it.",
        )
    if not role or len(role.encode()) > _LONGEST_NAME or role.startswith("pg_") or "\0" in role:
        raise UsageError(f"{role[:_LONGEST_NAME]!r} cannot be a role.", advice="Use another name.")
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        is_new = _make(driver, role, password)
        names = _grant(driver, role)
        driver.commit()
    except psycopg.Error as error:
        said = redacted((str(error).splitlines() or ["no reason"])[0])
        raise StoreError(
            f"The role {role} was not made: {said}.",
            advice="Use the URL of a role that owns the ledger and may make roles (CREATEROLE).",
        ) from error
    finally:
        connection.close()
    url = engine.url.set(drivername="postgresql", username=role, password=None)
    return Reader(role, is_new, url, len(names))


def _make(driver: psycopg.Connection[Any], role: str, password: str | None) -> bool:
    known = driver.execute(_KNOWN, (role,)).fetchone()
    if known is not None and known[0]:
        raise UsageError(f"The role {role} can do more than read.", advice="Use another name.")
    name = sql.Identifier(role)
    if known is None:
        rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
        driver.execute(sql.SQL("CREATE ROLE {} " + rights).format(name))
    if password is not None:
        verifier = driver.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        driver.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier)))
    return known is None


#: In order; {} are the role, the database, the schema, and the tables and views.
_GRANTS: tuple[LiteralString, ...] = (
    "ALTER ROLE {role} SET default_transaction_read_only = on",
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT ON {relations} TO {role}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role}",
)


def _grant(driver: psycopg.Connection[Any], role: str) -> list[str]:
    found = driver.execute(_PLACE, (_REVISIONS,)).fetchone()
    assert found is not None, "the ledger has been opened"
    schema, owner, database = found
    names = [*Base.metadata.tables, *KEPT, *view_names(), _REVISIONS]
    parts: dict[str, sql.Composable] = {
        "role": sql.Identifier(role),
        "database": sql.Identifier(database),
        "schema": sql.Identifier(schema),
        "owner": sql.Identifier(owner),
        "relations": sql.SQL(", ").join(sql.Identifier(schema, name) for name in names),
    }
    for statement in _GRANTS:
        driver.execute(sql.SQL(statement).format(**parts))
    return names
