"""``skydb sql`` shows a long answer as it comes, up to a limit, and says so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.commands import LedgerDirectory

ROWS = (
    "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < {}) SELECT x FROM t"
)
FOR_EVER = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT {} FROM t"


@pytest.fixture
def anywhere(ledger_url, tmp_path) -> LedgerDirectory:
    return LedgerDirectory(tmp_path, ledger_url)


@pytest.mark.parametrize("rows", [0, 1, 1_000, 1_001, 2_500])
def test_an_answer_in_parts_is_one_document(anywhere, rows) -> None:
    spoken = anywhere("sql", ROWS.format(rows) + f" WHERE x <= {rows}", "--json")
    assert spoken.code == 0
    assert spoken.document == [{"x": number} for number in range(1, rows + 1)]
    assert spoken.out == json.dumps(spoken.document, indent=1) + "\n"


@pytest.mark.parametrize(("limit", "code"), [(1_999, 5), (2_000, 0), (2_001, 0), (0, 0), (1, 5)])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_limit_is_kept_and_said(ledger, limit, code, as_json) -> None:
    words = ["--json"] if as_json else []
    spoken = ledger("sql", ROWS.format(2_000), "--limit", limit, *words)
    assert spoken.code == code
    assert ("there are more. --limit 0" in spoken.err) is (code == 5)
    shown = min(limit or 2_000, 2_000)
    if as_json:
        assert len(spoken.document) == shown
    else:
        assert spoken.out.split().count(str(shown)) >= 1
        assert str(shown + 1) not in spoken.out.split()


def test_the_default_limit_is_said(ledger) -> None:
    spoken = ledger("sql", ROWS.format(10_001), "--json")
    assert (spoken.code, len(spoken.document)) == (5, 10_000)
    assert "first 10000 rows" in spoken.err


def test_what_takes_too_long_ends_with_1_and_without_a_document(anywhere) -> None:
    began = time.monotonic()
    spoken = anywhere("sql", FOR_EVER.format("count(*)"), "--timeout", 0.5, "--json")
    assert (spoken.code, spoken.out) == (1, "")
    assert "--timeout" in spoken.err
    assert time.monotonic() - began < 30


def test_no_value_and_no_part_of_an_answer_takes_all_memory(ledger, monkeypatch) -> None:
    too_long = ledger("sql", "SELECT zeroblob(1000000000)")
    assert (too_long.code, "too big" in too_long.err) == (2, True)
    monkeypatch.setattr("skydb.store.readonly._MEMORY_BYTES", 64 * 2**20)
    too_much = ledger("sql", FOR_EVER.format("zeroblob(8000000 + x)"))
    assert (too_much.code, "MB of memory" in too_much.err) == (1, True)


def test_a_role_as_it_is_is_said(postgres_ledger_url, postgres_server, tmp_path) -> None:
    from tests.postgres import OWNER, SUPERUSER

    strong = LedgerDirectory(tmp_path, postgres_ledger_url.replace(f"{OWNER}@", f"{SUPERUSER}@"))
    refused = strong("sql", "SELECT 1 AS one", "--json")
    assert (refused.code, refused.out) == (2, "")
    allowed = strong("sql", "SELECT 1 AS one", "--as-is", "--json")
    assert (allowed.code, allowed.document) == (0, [{"one": 1}])
    assert "--as-is" in allowed.err
    out = tmp_path / "t.csv"
    assert strong("export", out, "--sql", "SELECT 1 AS one").code == 2
    assert strong("export", out, "--sql", "SELECT 1 AS one", "--as-is").code == 0
    assert strong("export", out, "--view", "v_sky_values").code == 0


def test_the_keyboard_ends_a_long_answer_at_once(ledger) -> None:
    # A shell starts what is to run behind it without the signal of the keyboard.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from skydb.cli.main import main; main()"
    )
    words = ["--db", ledger.url, "sql", FOR_EVER.format("x"), "--limit", "0", "--json"]
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1_000_000)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    assert process.returncode == 130
