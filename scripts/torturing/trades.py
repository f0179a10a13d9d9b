"""The commands that write, and what must have been done before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Words = tuple[str, ...]

_INGEST: Words = ("ingest", "files")
_FETCH: Words = ("fetch", "--obs-id", "*", "--products", "FLT", "--project", "all", "--yes")
_CATALOG: Words = ("refcat", "import", "files/gaia.ecsv", "--name", "gaia", "--epoch", "2016.0")
_FIT: Words = ("align", "run", "--refcat", "gaia")
_ACCEPT: Words = ("align", "accept", "ALIGNMENT")
_PLAIN: Words = ("sky", "run", "--no-selftest", "--engine", "skydb")
_SKIES: Words = (*_PLAIN, "--no-mosaic", "--method", "all")
_MOSAICS: Words = (*_PLAIN, "--method", "match")


@dataclass(frozen=True, slots=True)
class Trade:
    """A command to disturb.

    Parameters
    ----------
    name : str
        What the table calls it.
    words : tuple of str
        The command; ``ALIGNMENT``, ``SKY`` and ``WRITE`` stand for the newest runs.
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


TRADES = (
    Trade("ingest", _INGEST),
    Trade("ingest of redelivered files", ("ingest", "redelivered"), (_INGEST,)),
    Trade("history import", ("history", "import", "logs")),
    Trade("refcat import", _CATALOG),
    Trade("preset set", ("preset", "set", "mine", "-o", "final_pixfrac=0.8")),
    Trade("sky run, values", _SKIES, (_INGEST,)),
    Trade("sky run, mosaics", (*_PLAIN, "--method", "all"), (_INGEST,), is_slow=True),
    Trade(
        "sky run, astrodrizzle",
        ("sky", "run", "--no-selftest", "--method", "match"),
        (_INGEST,),
        is_slow=True,
    ),
    Trade(
        "sky write-headers",
        ("sky", "write-headers", "SKY"),
        (_INGEST, (*_PLAIN, "--no-mosaic", "--method", "match")),
        writes_files=True,
    ),
    Trade(
        "sky restore-headers",
        ("restore-headers", "WRITE"),
        (
            _INGEST,
            (*_PLAIN, "--no-mosaic", "--method", "match"),
            ("sky", "write-headers", "SKY"),
        ),
        writes_files=True,
        done="skydb: The headers of activity 4 were all put back already",
    ),
    Trade("align run", _FIT, (_INGEST, _CATALOG), is_slow=True, is_new_each_time=True),
    Trade(
        "align accept",
        _ACCEPT,
        (_INGEST, _CATALOG, _FIT),
        is_slow=True,
        done="skydb: Alignment run 3 has no fit that waits for review",
    ),
    Trade(
        "align accept --write-headers",
        (*_ACCEPT, "--write-headers"),
        (_INGEST, _CATALOG, _FIT),
        writes_files=True,
        is_slow=True,
        done="skydb: The fits of run 3 are accepted",
    ),
    Trade("runs pin", ("runs", "pin", "SKY", "--why", "kept"), (_INGEST, _MOSAICS)),
    Trade(
        "runs purge",
        ("books", "purge", "SKY", "--why", "room"),
        (_INGEST, _MOSAICS),
        done="skydb: The mosaic of run 2 was purged already",
    ),
    Trade("books note", ("books", "note", "VISIT", "seen"), (_INGEST,), is_new_each_time=True),
    Trade(
        "export",
        ("export", "table", "out.ecsv", "--view", "v_sky_values"),
        (_INGEST, _SKIES),
        touches=("out.ecsv",),
    ),
    Trade(
        "db copy",
        ("db", "copy", "LEDGER", "sqlite:///copy.sqlite"),
        (_INGEST, _SKIES),
        touches=("copy.sqlite",),
    ),
    Trade(
        "db backup",
        ("db", "backup", "friday.backup", "--overwrite"),
        (_INGEST, _SKIES),
        touches=("friday.backup",),
    ),
    Trade("report", ("report", "out.html"), (_INGEST, _SKIES), touches=("out.html",), is_slow=True),
    Trade("fetch", _FETCH),
    Trade("fetch of what has changed", (*_FETCH, "--refresh"), (_FETCH,)),
)
