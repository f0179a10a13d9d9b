"""``skydb fetch`` as people and scripts use it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from skydb.cli.main import run
from skydb.simulate.archive import LoopbackArchive
from tests.archive.fixtures import FILES, FLT, archive, content_of, large_archive, server

__all__ = ["archive", "large_archive", "server"]

QUICK = ("--attempts", "2", "--timeout", "5")


@pytest.fixture(autouse=True)
def ledger(sqlite_ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a user with an empty ledger."""
    monkeypatch.setenv("SKYDB_URL", sqlite_ledger_url)
    monkeypatch.setenv("SKYDB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return sqlite_ledger_url


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
    code = run(["fetch", *words, *QUICK, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_json_has_what_the_contract_promises(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, files = answer(capsys, "--obs-id", "ibxl5*", "--filter", "F160W")
    assert code == 0
    assert [file["rootname"] for file in files] == list(FILES)
    assert {"uri", "status", "bytes", "sha256", "path"} <= set(files[0])
    assert {file["status"] for file in files} == {"complete"}
    assert files[0]["path"] == str(tmp_path / "data" / "mast" / FILES[0] / FLT)


def test_people_see_the_products_before_and_the_outcome_after(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["--wide", "fetch", "--obs-id", "ibxl50*", *QUICK]) == 0
    said = capsys.readouterr()
    assert FLT in said.err and "planned" in said.err and "2 files, " in said.err
    assert FLT in said.out and "2 complete" in said.out
    assert "data/mast" in said.out and str(tmp_path) not in said.out


def test_a_dry_run_shows_and_stops(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, files = answer(capsys, "--obs-id", "i*", "--dry-run")
    assert (code, {file["status"] for file in files}) == (0, {"planned"})
    assert archive.stats().requests["download"] == 0
    assert not (tmp_path / "data").exists()
    assert run(["sql", "SELECT id FROM activities", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_dry_run_says_what_is_here(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["fetch", "--obs-id", "ibxl50*", *QUICK]) == 0
    capsys.readouterr()
    assert run(["--wide", "fetch", "--obs-id", "i*", "--dry-run"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "cached" in said and "to fetch" in said
    assert "4 files, of which 2 here unless changed since; " in said


def test_kinds_and_projects_are_chosen(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    code, files = answer(
        capsys, "--obs-id", "*", "--products", "flt,raw", "--project", "all", "--dry-run"
    )
    assert code == 0
    assert {(file["kind"], file["project"]) for file in files} == {
        ("FLT", "CALWF3"),
        ("FLT", "HAP-SVM"),
        ("RAW", "CALWF3"),
    }


def test_a_file_that_cannot_be_had_ends_with_1(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.misbehave("http_error", service="download", product=FLT)
    code, files = answer(capsys, "--obs-id", "ibxl50*")
    assert code == 1
    assert [file["status"] for file in files] == ["failed", "complete"]
    assert "answered 503" in files[0]["error"]


def test_a_service_that_is_down_ends_with_1_and_one_sentence(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.stop()
    assert run(["fetch", "--obs-id", "i*", *QUICK]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("skydb: MAST: cannot be reached. Try again later")


def test_nothing_found_ends_with_4(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fetch", "--obs-id", "zzz", *QUICK]) == 4
    assert "no HST observation with obs_ids=zzz" in capsys.readouterr().err


def test_an_empty_answer_ends_with_4(archive: LoopbackArchive) -> None:
    archive.misbehave("empty", service="portal")
    assert run(["fetch", "--obs-id", "i*", *QUICK]) == 4


def test_names_that_are_rejected_end_with_5(
    archive: LoopbackArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive.misbehave("hostile_names")
    code, files = answer(capsys, "--obs-id", "i*")
    assert code == 5
    assert sorted(file["status"] for file in files) == ["complete"] * 4 + ["rejected"] * 6
    assert {path.name for path in (tmp_path / "data" / "mast").iterdir()} == set(FILES)


def test_a_fetch_for_nothing_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch"]) == 2
    assert "Give --obs-id" in capsys.readouterr().err


def test_a_service_that_is_none_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYDB_MAST_URL", "mast")
    assert run(["fetch", "--obs-id", "i*"]) == 2
    assert "SKYDB_MAST_URL is not the URL of a service" in capsys.readouterr().err


def _whole(data: Path) -> int:
    return len(list((data / "mast").rglob("*_flt.fits")))


def _kill_in_the_middle(command: list[str], data: Path) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline_s = time.monotonic() + 600
    while _whole(data) < 5 and process.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(300) == -signal.SIGKILL


def test_a_fetch_of_27_files_that_was_killed_goes_on_where_it_was(
    large_archive: LoopbackArchive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = large_archive.holdings.product_rows
    names = {
        row["productFilename"] for row in rows if row["productFilename"].endswith("q_flt.fits")
    }
    names = {name for name in names if not name.startswith("hst_")}
    total = sum(len(content_of(large_archive, name)) for name in names)
    assert len(names) == 27
    large_archive.misbehave("slow", service="download", bytes_per_s=150_000.0)
    main = "import sys; from skydb.cli.main import main; main()"
    _kill_in_the_middle(
        [sys.executable, "-c", main, "fetch", "--obs-id", "i*", *QUICK, "--jobs", "4"],
        tmp_path / "data",
    )
    large_archive.behave()
    here = [path for path in (tmp_path / "data").rglob("*") if path.suffix in (".fits", ".part")]
    here_bytes = sum(path.stat().st_size for path in here)
    parts = [path for path in here if path.suffix == ".part"]
    assert 0 < here_bytes < total and parts
    large_archive.reset_stats()
    code, files = answer(capsys, "--obs-id", "i*")
    assert code == 0
    assert {file["filename"] for file in files} == names
    assert large_archive.stats().bytes_sent == total - here_bytes
    for file in files:
        assert Path(file["path"]).read_bytes() == content_of(large_archive, file["filename"])
        assert file["version"] == 1
    assert list((tmp_path / "data" / "partial").iterdir()) == []
    interrupted = "SELECT uri FROM downloads WHERE status IS NULL"
    assert run(["sql", interrupted, "--json"]) == 0
    assert 0 < len(json.loads(capsys.readouterr().out)) <= 4


def test_a_token_is_never_told(
    archive: LoopbackArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = "0123456789abcdef-secret"
    archive.misbehave("http_error", service="download", product=FLT, status=403)
    command = [sys.executable, "-c"]
    program = (
        "import logging, sys; logging.basicConfig(level=1);"
        "from astroquery import log; log.setLevel(1);"
        "from skydb.cli.main import main; main()"
    )
    result = subprocess.run(
        [*command, program, "--verbose", "fetch", "--obs-id", "i*", *QUICK],
        env=os.environ | {"MAST_API_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert archive.stats().with_token > 0
    assert "DEBUG" in result.stderr
    assert token not in result.stdout + result.stderr
    assert all(token.encode() not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
