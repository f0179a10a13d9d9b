"""A command to disturb, and what must have been done before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """A command to disturb.

    Parameters
    ----------
    name : str
        What the table calls it.
    words : tuple of str
        The command; words such as ``ALIGNMENT`` and ``LEDGER`` stand for what
        :meth:`.Stage.filled` knows: the newest runs, databases and names.
    before : sequence of tuple of str
        Commands that nobody disturbs.
    writes_files : bool
        Whether it may change the user's own files: all of them, or none.
    touches : tuple of str
        The user's files that it may add.
    is_slow : bool
        Whether drizzlepac works in it.
    again : tuple of str
        What is typed after it was disturbed; the same when left out.
    done : str
        Begins what it says when it is refused because it was done before.
    is_new_each_time : bool
        Whether it is wanted that a command which was done is done once more.
    is_bare : bool
        Whether there is no ledger before it.
    only_on : str
        The kind of database that it is for; any when left out.
    until : str
        What it says when it has begun what it goes on with until it is interrupted.
    copy : str
        A second ledger, which it makes.
    dead : tuple of str
        A command before it that is killed, as on a machine of which nothing is known here.
    counts_statements : bool
        Whether each statement that writes is a step, too: a command of few commits.
    """

    name: str
    words: Words
    before: Sequence[Words] = ()
    writes_files: bool = False
    touches: tuple[str, ...] = ()
    is_slow: bool = False
    again: Words = ()
    is_new_each_time: bool = False
    done: str = ""
    is_bare: bool = False
    only_on: str = ""
    until: str = ""
    copy: str = ""
    dead: Words = ()
    counts_statements: bool = False
