"""scripts/torture, in a short form: it ends commands in the middle, and it can find fault."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from scripts.torturing.kills import Row
from scripts.torturing.tables import kill_table
from scripts.torturing.verdict import Judgement
from tests.conftest import REPOSITORY


def test_a_command_that_is_killed_leaves_nothing_wrong_and_can_be_repeated() -> None:
    words = ["sky write-headers", "--on", "sqlite", "--kills", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.torturing", *words],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "sqlite" in line]
    assert [row[0] for row in rows] == ["sky write-headers"]
    assert all(int(row[3]) == 1 and set(row[4:]) == {"0"} for row in rows)


def test_what_is_lost_or_comes_twice_is_wrong() -> None:
    found = Judgement()
    wanted = {"skies": Counter({"a": 1, "b": 2})}
    found.compare("rows", {"skies": Counter({"a": 1, "b": 2})}, wanted)
    assert not found.wrong
    found.compare("rows", {"skies": Counter({"a": 2, "b": 1})}, wanted)
    assert set(found.wrong) == {"lost rows", "twice rows"}


def test_the_table_counts_every_kind_of_fault_in_one_column() -> None:
    row = Row("ingest", "sqlite", 9, 3, Counter({"litter": 1, "fsck not silent": 1}))
    *_, last = kill_table([row, row]).splitlines()
    assert last == "| all |  |  | 6 | 0 | 0 | 0 | 0 | 4 | 0 |"
