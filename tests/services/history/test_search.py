"""Files that have something of a run, and those of which a part is lost."""

from __future__ import annotations

import bz2
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from skydb.services.history.foundfits import FoundFits
from skydb.services.history.foundskies import FoundSkies
from skydb.services.history.search import Found, look_at
from tests.files.logs.distortions import levelled, prefixed
from tests.files.logs.manners import DrizzleManner, TweakRegManner

FITS = TweakRegManner("1.4.7", updatehdr=True).lines()
SKIES = DrizzleManner("2.2.6").lines()
_END = "Performing fit for: j9irw5kaq_flc.fits"


def reasons(path: Path, content: bytes) -> list[str]:
    """Reasons for which a file, or a part of it, is left out."""
    path.write_bytes(content)
    with closing(FoundFits()) as fits, closing(FoundSkies()) as skies:
        found = Found(fits, skies)
        look_at(path, found)
    return [unused.reason for unused in found.unused]


@pytest.mark.parametrize("name", ["tweakreg.log", "tweakreg.log.1", "tweakreg", "console.TXT"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_end_of_a_log_is_named_when_its_beginning_is_lost(name, encoding, tmp_path):
    tail = levelled(FITS[FITS.index(_END) :]).encode(encoding)
    (reason,) = reasons(tmp_path / name, tail)
    assert reason == "4 lines with values belong to no run that begins in it: 1, 7, 8, 12"


def test_a_notebook_whose_output_lost_its_beginning_is_named(tmp_path):
    text = "".join(f"{line}\n" for line in SKIES[-20:])
    output = {"output_type": "stream", "name": "stdout", "text": text}
    cell = {"cell_type": "code", "metadata": {}, "source": [], "outputs": [output]}
    content = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}).encode()
    (reason,) = reasons(tmp_path / "colab.ipynb", content)
    assert "belong to no run" in reason


def test_a_packed_log_that_is_not_read_is_named(tmp_path):
    content = bz2.compress(levelled(SKIES).encode())
    (reason,) = reasons(tmp_path / "astrodrizzle.log.bz2", content)
    assert reason == "is packed with bzip2, which is not read: unpack it, or pack it with gzip"
    assert reasons(tmp_path / "other.bz2", content) == []


def test_a_hole_of_nuls_is_named(tmp_path):
    content = levelled(SKIES).encode()
    middle = len(content) // 2
    torn = content[:middle] + bytes(100) + content[middle + 100 :]
    line = content[:middle].count(b"\n") + 1
    said = f"line {line}: it has NUL characters, in whose place something may be lost"
    assert reasons(tmp_path / "astrodrizzle.log", torn) == [said]


def test_a_prefix_that_changes_in_a_run_is_named(tmp_path):
    text = prefixed(SKIES[:30], lambda n, level, name, line: f"drz> {line}")
    text += prefixed(SKIES[30:], lambda n, level, name, line: f"other> {line}")
    (reason,) = reasons(tmp_path / "astrodrizzle.log", text.encode())
    assert reason.endswith("the text before the lines changes, so that lines before it may be lost")


def test_a_ledger_beside_the_logs_is_no_log(tmp_path):
    with closing(sqlite3.connect(tmp_path / "skydb.sqlite")) as ledger:
        ledger.execute("CREATE TABLE said (text)")
        ledger.executemany("INSERT INTO said VALUES (?)", [(line,) for line in FITS])
        ledger.commit()
    assert reasons(tmp_path / "skydb.sqlite", (tmp_path / "skydb.sqlite").read_bytes()) == []


def test_a_text_that_mentions_a_run_is_named_only_when_it_is_called_as_logs_are(tmp_path):
    content = b"It said: Applying sky value of something\n"
    assert reasons(tmp_path / "notes.md", content) == []
    assert reasons(tmp_path / "run.log", content) == [
        "it mentions a run, but has no beginning of one"
    ]
