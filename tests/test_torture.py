"""scripts/torture, in a short form: it ends commands in the middle, and it can find fault."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter

from scripts.torturing.kills import Row
from scripts.torturing.tables import kill_table
from scripts.torturing.trades import TRADES
from scripts.torturing.verdict import Judgement
from tests.cli.test_bare_ledgers import READING
from tests.cli.tree import leaves
from tests.conftest import REPOSITORY

#: Commands that are not killed, with the reason.
UNTOUCHED = {
    **dict.fromkeys(
        (
            *("status", "todo", "findings", "sql", "find", "explain", "version", "sky stats"),
            *("db current", "db check", "inspect headers", "inspect wcs", "refcat list"),
            *("align show", "align history", "align diff", "align changes", "sky advise"),
            *("books list", "books deliveries list", "runs list", "runs show"),
            *("preset list", "preset show"),
        ),
        "reads",
    ),
    "fsck": "repairs what the others leave; `repairs` has several at once",
    "archive serve": "serves, and writes nothing",
}


def test_every_command_is_killed_or_said_to_be_harmless() -> None:
    commands = {str(leaf): inspect.unwrap(leaf.spec.callback) for leaf in leaves()}
    words = [" ".join(trade.words[:size]) for trade in TRADES for size in (1, 2, 3)]
    killed = {commands[name] for name in words if name in commands}
    left = {name for name, callback in commands.items() if callback not in killed}
    assert left == UNTOUCHED.keys()
    assert {name for name, why in UNTOUCHED.items() if why == "reads"} <= READING.keys()


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
