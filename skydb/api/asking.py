"""Questions in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skydb.api.answers import Answer

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.store.readonly import OpenAnswer as OpenAnswer


class AskingCommands:
    """Questions in SQL, which change nothing."""

    if TYPE_CHECKING:

        @property
        def services(self) -> Services: ...  # noqa: D102 - see Ledger

    def sql(self, statement: str, *, timeout_s: float | None = None, as_is: bool = False) -> Answer:
        """Answer one SELECT on tables and views; nothing can be written.

        Parameters
        ----------
        statement : str
        timeout_s : float, optional
            Seconds that the database may take.
        as_is : bool
            On PostgreSQL: also as a role that can do more than read.

        Raises
        ------
        UsageError
            When it is not one SELECT, or the database refuses it.

        Examples
        --------
        >>> db.sql("SELECT COUNT(*) AS exposures FROM exposures")[0].exposures > 0
        True
        """
        from skydb.store.readonly import Rules

        answer = self.services.plain.sql(statement, Rules(timeout_s, as_is))
        return Answer.of(answer.columns, answer.rows, statement)

    @contextmanager
    def asking(
        self, statement: str, *, timeout_s: float | None = None, as_is: bool = False
    ) -> Iterator[OpenAnswer]:
        """Open the answer to one SELECT, to read it part by part in constant memory.

        Parameters
        ----------
        statement, timeout_s, as_is
            As of :meth:`sql`.

        Raises
        ------
        UsageError
            When it is not one SELECT, or the database refuses it.

        Examples
        --------
        >>> with db.asking("SELECT rootname FROM exposures") as answer:
        ...     answer.columns
        ('rootname',)
        """
        from skydb.store.readonly import Rules

        rules = Rules(timeout_s=timeout_s, as_is=as_is)
        with self.services.plain.asking(statement, rules) as answer:
            yield answer
