"""Every list is whole, however long it is, or says how much is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skydb.domain import BadDelivery, BookEntry, IngestActivity, Preset
from skydb.domain.activity import Finding
from skydb.domain.books import EntryKind
from skydb.domain.vocabulary import FindingKind
from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store
from tests.commands import LedgerDirectory
from tests.domain.entities import STAMP
from tests.services.footprints import Observatory, box, wcs_of

#: More than any round number that a program may stop at.
MANY = 1_101
PLACE = (85.25, -2.46)

#: Lists, with what each row of them is called.
LISTS = {
    "subject": ["findings"],
    "visit": ["status"],
    "rootname": ["inspect", "headers"],
    "filename": ["inspect", "wcs"],
    "label": ["books", "list"],
    "name": ["books", "deliveries", "list"],
    "preset": ["preset", "list"],
    "chip": ["find", "--position", "85.25", "-2.46"],
    "history": ["align", "history", "--filter", "F160W"],
    "run": ["runs"],
    "sql": ["sql", "SELECT * FROM v_exposure_status"],
}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> LedgerDirectory:
    """A ledger in which there is much of everything."""
    path = tmp_path_factory.mktemp("crowded")
    shutil.copyfile(sqlite_template, path / "skydb.sqlite")
    ledger = LedgerDirectory(path)
    store = Store(open_engine(resolve_url(ledger.url)))
    with store.writing() as session:
        sky = Observatory(session)
        for number in range(MANY):
            name = f"i{_label(number)}aaq"
            product = sky.expose(name, wcs_of(box(PLACE)))
            kind = FindingKind.INCOMPLETE
            session.add(Finding(sky.activity, kind, f"subject-{number}", "something"))
            session.add(BookEntry(product.exposure, EntryKind.FLAG, "me", "why", f"l{number}"))
            session.add(BadDelivery(f"d{number}", "2019-01-01", "2019-01-02", "what", "me"))
            session.add(IngestActivity({}, STAMP))
            session.add(Preset(f"p{number}", {}, "me"))
        session.commit()
    store.engine.dispose()
    return ledger


def _label(number: int) -> str:
    return f"b{number // 100:02}{number % 100:02}"


@pytest.mark.parametrize("words", LISTS.values(), ids=" ".join)
def test_a_long_list_is_whole(crowded: LedgerDirectory, words: list[str]) -> None:
    spoken = crowded(*words, "--json")
    assert spoken.code in (0, 5)
    assert len(spoken.document) >= MANY


def test_everything_that_is_due_is_named(crowded: LedgerDirectory) -> None:
    rows = crowded.json("todo", "--rule", "not-aligned")
    named = {name for row in rows for name in row["exposure"].split(", ")}
    assert named == {row["rootname"] for row in crowded.json("inspect", "headers")}
    assert sum(row["count"] for row in rows) == MANY


def test_people_get_the_whole_list_too(crowded: LedgerDirectory) -> None:
    shown = crowded("findings").out
    assert f"{MANY} findings" in shown
    assert all(f"subject-{number} " in shown for number in range(MANY))


def test_a_list_that_is_cut_says_how_much_is_left(crowded: LedgerDirectory, field: Path) -> None:
    crowded.json("refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0)
    whole = len(crowded.json("refcat", "show", "gaia"))
    shown = crowded("refcat", "show", "gaia").out
    assert f"{whole - 40} more" in " ".join(shown.split())


def test_an_export_is_whole(crowded: LedgerDirectory, tmp_path: Path) -> None:
    answer = crowded.json("export", tmp_path / "t.csv", "--view", "v_findings")
    assert answer["rows"] == MANY
