"""Pages of ledgers that are not as one would wish: odd names, nothing in them, files gone."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import SkyMethod
from tests.browse.asked import Pages, pages
from tests.services.ledgers import SmallLedger, day

#: Names that break what is not escaped, or not encoded.
ODD = (
    "O'Neil's", '"quoted"', "<script>alert(1)</script>", "M 31 & M 32", "50% ?a=b#c", "a/b",
    "../..", "Ωρίων 猎户座", "~tilde~2F", "{{ 7 * 7 }}", "NGC+1976",
)  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A ledger whose targets, notes and groups have odd names."""
    home = tmp_path_factory.mktemp("odd")
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    services = Services.open(f"sqlite:///{home / 'skydb.sqlite'}", home / "data")
    book = SmallLedger(services)
    for number, name in enumerate(ODD):
        rootname = f"ibxl{number:02}aaq"
        book.deliver(rootname, target_name=name)
        book.run(SkyMethod.LOCALMIN, {rootname: 1.0}, on=day("2024-01-01"), group=name)
        services.books.note(rootname, name)
        services.books.flag(rootname, "bad", name)
    services.close()
    return home


@pytest.fixture(scope="module")
def get(odd: Path):  # type: ignore[no-untyped-def]
    with pages(f"sqlite:///{odd / 'skydb.sqlite'}", odd / "data") as asked:
        yield asked


def test_odd_names_are_shown_as_they_are_and_lead_to_their_pages(get: Pages) -> None:
    for number, name in enumerate(ODD):
        page = get(f"/field/{quote(name, safe='')}")
        assert page.status == 200, name
        assert " ".join(name.split()) in page.words
        exposure = get(f"/exposure/ibxl{number:02}aaq")
        assert name in exposure.words
        assert f"/field/{quote(name, safe='')}" in exposure.links
        assert get(f"/visit/bxl{number:02}").status == 200
        assert get(f"/run/{number * 2 + 2}").status == 200
    for path in ("/", "/runs", "/map", "/todo", "/ledger/v_books", "/ledger/v_exposure_status"):
        page = get(path)
        assert page.status == 200
        assert "<script" not in page.text and "alert(1)" in page.words, path


def test_odd_names_are_found(get: Pages) -> None:
    for name in ODD:
        answer = get(f"/find?q={quote(name)}")
        assert answer.headers.get("location") == f"/field/{quote(name, safe='')}", name


def test_odd_words_in_addresses_are_answered(get: Pages) -> None:
    for word in ODD:
        asked = quote(word, safe="")
        for path in (f"/exposure/{asked}", f"/visit/{asked}", f"/run/{asked}"):
            assert get(path).status == 404, path
        for path in (f"/runs?kind={asked}", f"/runs?before={asked}", f"/findings?kind={asked}",
                     f"/?fields={asked}", f"/ledger/v_books?reason={asked}"):  # fmt: skip
            page = get(path)
            assert page.status == 200 and "<script" not in page.text, path
        assert get(f"/compare?run={asked}&run=2").status == 200


EVERYWHERE = (
    "/", "/runs", "/findings", "/map", "/todo", "/compare", "/ledger", "/ledger/v_sky_values",
    "/ledger/v_todo", "/ledger/weak-fits",
)  # fmt: skip


def test_an_empty_ledger_has_all_pages(sqlite_ledger_url: str, tmp_path: Path) -> None:
    with pages(sqlite_ledger_url, tmp_path / "data") as get:
        for path in EVERYWHERE:
            assert get(path).status == 200, path
        assert "Bring files in with `skydb ingest DIRECTORY`" in get("/").words
        assert "Nothing is due" in get("/todo").words
        assert "No problem was found" in get("/findings").words


def test_exposures_of_which_only_a_log_is_known_have_pages(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    book = SmallLedger(services)
    run = book.logged_run(SkyMethod.LOCALMIN, {"ibxl50clq": 1.5}, on=None)
    services.close()
    with pages(sqlite_ledger_url, tmp_path / "data") as get:
        for path in (*EVERYWHERE, "/field", "/visit/bxl50", f"/run/{run}"):
            assert get(path).status == 200, path
        page = get("/exposure/ibxl50clq")
        assert "Known from a log only" in page.words and "1.500000" in page.part("skies")
        assert "/field" in page.links and "(no target)" in get("/").words


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home, tmp_path / "copy"))


def test_mosaics_that_are_gone_are_said_to_be(copied: Path) -> None:
    (copied / "skydb-data" / "runs" / "8" / "sci.fits").unlink()
    with closing(sqlite3.connect(copied / "skydb.sqlite")) as connection:
        connection.execute("UPDATE mosaics SET purged_at = '2026-02-03 00:00:00' WHERE run_id = 6")
        connection.commit()
    with pages(f"sqlite:///{copied / 'skydb.sqlite'}") as get:
        assert "Its pixels were purged on 2026-02-03" in get("/run/6").part("mosaic")
        assert "The file of this mosaic is not where it was" in get("/run/8").part("mosaic")
        compared = get("/compare?run=6&run=8")
        assert "<img" not in compared.text
        assert "Without a picture: run 6, 8" in compared.words
        assert get("/mosaic/6.png").status == get("/mosaic/8.png").status == 404


def test_a_mosaic_that_is_no_image_is_said_to_be(copied: Path) -> None:
    (copied / "skydb-data" / "runs" / "8" / "sci.fits").write_bytes(b"SIMPLE  = nothing")
    with pages(f"sqlite:///{copied / 'skydb.sqlite'}") as get:
        answer = get("/mosaic/8.png?run=6&run=8")
        assert answer.status == 422 and "cannot be read as a FITS image" in answer.words
        assert get("/mosaic/6.png").status == 200


def test_a_large_ledger_is_asked_in_parts(
    sqlite_ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skydb.browse.facts.LARGE", 1)
    monkeypatch.setattr("skydb.browse.facts.LedgerFacts.question_s", 10.0)
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    book = SmallLedger(services)
    for name in ("ibxl50iaq", "ibxl50ibq", "ibxl51icq"):
        book.deliver(name)
    book.run(SkyMethod.LOCALMIN, {"ibxl50iaq": 1.0, "ibxl50ibq": 2.0}, on=day("2024-01-01"))
    services.close()
    with pages(sqlite_ledger_url, tmp_path / "data") as get:
        assert "Programs" not in get("/").part("status")
        assert "3 rows" not in get("/ledger/v_exposure_status").words
        landing = get("/ledger/v_sky_comparison")
        assert landing.headers["location"] == "/ledger/v_sky_comparison?group_id=1"
        assert "ibxl50iaq" in get(landing.headers["location"]).words
        due = get("/todo")
        assert "not-aligned" in due.words and ">command" not in due.text
        assert ">command" in get("/todo?visit=bxl51").text
        assert get("/todo?rule=not-aligned").status == 200


def test_a_question_that_takes_too_long_ends_with_a_page_that_says_what_to_do(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{copied / 'skydb.sqlite'}"
    with pages(url) as get:
        assert get("/ledger/v_sky_comparison").status == 200
    monkeypatch.setattr("skydb.browse.facts.LedgerFacts.question_s", 0.0)
    with pages(url) as get:
        answer = get("/ledger/v_sky_comparison")
    assert answer.status == 503 and "longer than a page may" in answer.words
    assert "Restrict it: by a visit" in answer.words
