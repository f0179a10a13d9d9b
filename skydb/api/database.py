"""``ledger.database``: the schema, copies and readers of the ledger's database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Group
from skydb.api.checking import path as checked
from skydb.api.results import Record, Result
from skydb.api.selecting import member

if TYPE_CHECKING:
    from skydb.services.core import Progress
    from skydb.store.schema import SchemaState


class Reader(Record):
    """A role that can only read.

    Attributes
    ----------
    pgpass : str
        Its line in ``~/.pgpass``, with the word PASSWORD in place of the password.
    """

    pgpass: str


class DatabaseGroup(Group):
    """The schema, backups and readers of the ledger's database.

    None of the methods needs a schema that is up to date, but :meth:`reader` and
    :meth:`backup`.
    """

    def upgrade(self, *, into_foreign: bool = False) -> Record:
        """Create the schema, or bring it up to date.

        Parameters
        ----------
        into_foreign : bool
            Also in a database with tables of another program.

        Returns
        -------
        Record
            ``revision``, ``is_current`` and ``head``.

        Raises
        ------
        SchemaError, UsageError
            When the database is newer than this skydb, or has tables of something else.

        Examples
        --------
        >>> db.database.upgrade().is_current
        True
        """
        from skydb.store import schema

        return _state(schema.upgrade(self._ledger.url, into_foreign=into_foreign))

    def current(self) -> Record:
        """Show the revision of the database, and whether it is that of this skydb.

        Examples
        --------
        >>> db.database.current().is_current
        True
        """
        from skydb.store import schema
        from skydb.store.engine import open_engine, resolve_url

        engine = open_engine(resolve_url(self._ledger.url))
        try:
            return _state(schema.current(engine))
        finally:
            engine.dispose()

    def check(self) -> Record:
        """Compare the tables with those that skydb expects.

        Returns
        -------
        Record
            ``revision``, ``is_current`` and ``differences``.

        Examples
        --------
        >>> db.database.check().differences
        []
        """
        from skydb.store import schema
        from skydb.store.engine import open_engine, resolve_url

        engine = open_engine(resolve_url(self._ledger.url))
        try:
            schema.require_current(engine)
            revision = schema.current(engine).revision
            found = schema.differences(engine)
        finally:
            engine.dispose()
        known = {"revision": revision, "is_current": not found, "differences": found}
        return Record(known, is_flagged=bool(found))

    def backup(
        self,
        path: str | Path,
        *,
        kind: str | None = None,
        overwrite: bool = False,
    ) -> Record:
        """Write the ledger as it stands at one moment to a file, and verify it by checksums.

        Parameters
        ----------
        path : path-like
        kind : str, optional
            ``sqlite`` or ``dump``; of PostgreSQL a dump when pg_dump is there.
        overwrite : bool
            Replace an earlier file.

        Returns
        -------
        Record
            ``path``, ``kind``, ``bytes``; its rows are the tables, with rows and checksum.

        Raises
        ------
        UsageError
            When the file is there already.

        Examples
        --------
        >>> db.database.backup("friday.sqlite").kind
        'sqlite'
        """
        from skydb.services.bookkeeping import BackupKind, back_up

        wanted = member(BackupKind, kind, "kind of backup")
        url = self._ledger.url
        progress, file = self._ledger.progress, checked(path)
        made = back_up(url, file, kind=wanted, overwrite=overwrite, progress=progress)
        known = asdict(made)
        return Record(known, known["tables"], remarks=[made.remark] if made.remark else [])

    def reader(self, role: str, password: str | None) -> Reader:
        """Make a role of PostgreSQL that can read the ledger and nothing else.

        Parameters
        ----------
        role : str
        password : str, optional
            None when the server knows the role in another way.

        Returns
        -------
        Reader
            ``role``, ``is_new``, ``url`` (without the password) and ``relations``.

        Raises
        ------
        UsageError
            When the database is SQLite.

        Examples
        --------
        >>> db.database.reader("visitor", "secret")
        Traceback (most recent call last):
        skydb.errors.UsageError: ...
        """
        from skydb.services.bookkeeping import make_reader
        from skydb.store.urls import shown

        made = make_reader(self._ledger.url, role, password)
        url = made.url
        host = url.host or url.normalized_query.get("host", ("localhost",))[0]
        record = Reader(
            {
                "role": made.role,
                "is_new": made.is_new,
                "url": shown(url),
                "relations": made.relations,
            }
        )
        record.pgpass = f"{host}:{url.port or 5432}:{url.database}:{made.role}:PASSWORD"
        return record


def _state(state: SchemaState) -> Record:
    return Record({"revision": state.revision, "is_current": state.is_current, "head": state.head})


def copy(source: str, target: str, *, progress: Progress | None = None) -> Result:
    """Copy a whole ledger between SQLite and PostgreSQL, and verify it table by table.

    Parameters
    ----------
    source, target : str
        URLs; the target is an empty database.

    Returns
    -------
    Result
        One row a table: rows and checksum.

    Raises
    ------
    UsageError, StoreError
        When the target is not empty, or the copy differs.

    Examples
    --------
    >>> copied = copy(db.url, "sqlite:///copy.sqlite")
    """
    from skydb.services.bookkeeping import copy_database

    return Result(copy_database(source, target, progress))


def redacted(text: str) -> str:
    """Text without the passwords of the URLs in it.

    Examples
    --------
    >>> redacted("postgresql://me:secret@host/db")
    'postgresql://me:***@host/db'
    """
    from skydb.store.urls import redacted as without_passwords

    return without_passwords(text)
