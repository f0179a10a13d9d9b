"""Values that cannot be meant are refused with a sentence, before a database is opened."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

import skydb
from skydb.api import checking
from skydb.api.ledger import Ledger
from skydb.domain.arguments import checked_arguments
from skydb.domain.spelling import in_python
from skydb.errors import NotFoundError, UsageError

NOWHERE = "sqlite:////nowhere/at/all.sqlite"
Call = Callable[[Any], object]

WRONG: list[tuple[Call, str]] = [
    (lambda db: db.explain(None), "what=None"),
    (lambda db: db.inspect.headers(visit=[]), "list of visit is empty"),
    (lambda db: db.inspect.headers(visit=["bxl50", None]), "visit=None"),
    (lambda db: db.inspect.headers(filter=["F160W"]), "filter="),
    (lambda db: db.inspect.headers(as_of=2021), "YYYY-MM-DD"),
    (lambda db: db.runs([]), "is empty"),
    (lambda db: db.sky.run(method=None), "No sky method"),
    (lambda db: db.sky.run(method="alll"), "Unknown sky method 'alll'"),
    (lambda db: db.sky.run(method=[]), "list of method is empty"),
    (lambda db: db.sky.run("match", mosaic="no"), "neither True nor False"),
    (lambda db: db.sky.run("match", jobs=0), "jobs=0"),
    (lambda db: db.sky.run("match", options=["x"]), "options by name"),
    (lambda db: db.sky.run("match", strict="x"), "strict='x'"),
    (lambda db: db.books.note("bxl50", None), "text=None"),
    (lambda db: db.books.withdraw(None, "why"), "entry=None"),
    (lambda db: db.books.deliveries.add("f", 5, 6, "x"), "began=5"),
    (lambda db: db.ingest(["field"]), "is not a path"),
    (lambda db: db.ingest(""), "is not a path"),
    (lambda db: db.export(5), "is not a path"),
    (lambda db: db.report(None), "out=None"),
    (lambda db: db.fsck(repair="x"), "repair='x'"),
    (lambda db: db.refcat.import_(None), "path=None"),
    (lambda db: db.align.plot(3, None), "out=None"),
    (lambda db: db.database.backup(5), "path=5"),
    (lambda db: db.sql(None), "statement=None"),
    (lambda db: db.sql("SELECT 1", timeout_s="x"), "timeout_s='x' is not a number"),
    (lambda db: db.sql("SELECT 1", timeout_s=math.nan), "timeout_s=nan is not a number"),
    (lambda db: db.sql("SELECT 1", timeout_s=3 * u.m), "another unit"),
    (lambda db: db.replay(3, tolerance="tight"), "tolerance='tight' is not a number"),
    (lambda db: db.replay(3, jobs=1.5), "jobs=1.5 is not a whole number"),
    (lambda db: db.refcat.import_("a.csv", epoch="J2016"), "epoch='J2016' is not a number"),
    (lambda db: db.refcat.import_("a.csv", mag_min="faint"), "mag_min='faint'"),
    (lambda db: db.refcat.gaia(ra="05:41:00"), "ra='05:41:00' is not a number"),
    (lambda db: db.refcat.gaia(radius=math.inf), "radius=inf is not a number"),
    (lambda db: db.refcat.gaia(max_rows="many"), "max_rows='many' is not a whole number"),
    (lambda db: db.refcat.gaia(name=["a"]), "name=['a'] is not a text"),
    (lambda db: db.refcat.show("gaia", epoch=True), "epoch=True is not a number"),
    (lambda db: db.inspect.footprints("gaia", epoch="x"), "epoch='x'"),
    (lambda db: db.align.run(refcat="gaia", settings={"a": 1}), "is not TweakRegSettings"),
    (lambda db: db.sky.run("match", settings=5), "settings=5 is not AstroDrizzleSettings"),
    (lambda db: db.align.changes(min_mas="far"), "min_mas='far' is not a number"),
    (lambda db: db.align.accept(None), "run=None is not a whole number or a text"),
    (lambda db: db.align.accept(3, write_headers=1), "write_headers=1 is neither"),
    (lambda db: db.align.reject(3, None), "why=None is not a text"),
    (lambda db: db.fetch(obs_id="i*", timeout_s="x"), "timeout_s='x'"),
    (lambda db: db.fetch.plan(obs_id="i*", jobs="two"), "jobs='two' is not a whole number"),
    (lambda db: db.runs.purge(3, keep_latest="x"), "keep_latest='x'"),
    (lambda db: db.sky.display(3, vmin="low"), "vmin='low' is not a number"),
    (lambda db: db.sky.display(3, vmin=2.0, vmax=1.0), "2 is not below the upper limit 1"),
    (lambda db: db.sky.display(3, vmin=1.0, vmax=1.0), "is not below the upper limit"),
    (lambda db: db.sky.display(3, crop=(85.25, -2.45)), "A crop is not (85.25, -2.45)"),
    (lambda db: db.sky.display(3, crop="85.25"), "A crop is not '85.25'"),
    (lambda db: db.sky.display(3, crop=(85.25, -2.45, 0)), "Invalid size '0'"),
    (lambda db: db.sky.display(3, crop=(85.25, -2.45, "180deg")), "Invalid size '180deg'"),
    (lambda db: db.sky.display(3, stretch="log"), "Unknown stretch 'log'"),
    (lambda db: db.sky.display(), "No sky run was named"),
    (lambda db: db.ingest(), "No file or directory was named"),
    (lambda db: db.history.import_(), "No log or directory was named"),
    (lambda db: db.history.import_(5), "is not a path"),
    (lambda db: db.preset.show("hap", exposures=0), "exposures=0 is not a number of 1"),
    (lambda db: db.todo(limit=-1), "not a number of 0 or more"),
    (lambda db: db.explain("ibxl50clq", depth=-1), "A depth is not -1"),
    (lambda db: db.replay(3, tolerance=-0.1), "A tolerance is not -0.1"),
]


@pytest.fixture
def nowhere() -> Ledger:
    """A ledger whose database is not there: what opens it ends with another error."""
    return skydb.lazy_ledger(NOWHERE)


@pytest.mark.parametrize(
    ("call", "said"), WRONG, ids=[f"{n} {said}" for n, (_, said) in enumerate(WRONG)]
)
def test_what_cannot_be_meant_is_named(call: Call, said: str, nowhere: Ledger) -> None:
    with pytest.raises(UsageError) as caught:
        call(nowhere)
    assert said in str(caught.value) and caught.value.advice


@pytest.mark.parametrize("url", [5, "", [], True])
def test_only_a_url_or_a_path_is_a_database(url: Any) -> None:
    with pytest.raises(UsageError, match="is not a database"):
        skydb.lazy_ledger(url)


@pytest.mark.parametrize("data", [5, [], ""])
def test_only_a_path_is_a_data_root(data: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a path"):
        skydb.init(tmp_path / "new.sqlite", data=data)
    assert not (tmp_path / "new.sqlite").exists()


@pytest.mark.parametrize("kind", [Path, str])
def test_a_path_is_the_url_of_its_file(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with pytest.raises(NotFoundError, match=r"no database .*new\.sqlite"):
        skydb.open(kind(path))
    skydb.init(kind(path)).close()
    with skydb.open(kind(path)) as ledger:
        assert ledger.url == f"sqlite:///{path}"


def test_a_name_alone_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="'postgresql' is not a database URL"):
        skydb.init("postgresql")
    skydb.init("new.sqlite").close()
    assert [one.name for one in tmp_path.iterdir()] == ["new.sqlite"]


def test_numbers_and_dates_are_words_too() -> None:
    assert checking.texts(50, "visit") == ("50",)
    assert checking.day(date(2024, 5, 1), "began") == "2024-05-01"


def test_a_column_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match="the columns are run, rms_mas"):
        skydb.Result([{"run": 1, "rms_mas": 2.0}])["rms"]


@pytest.mark.parametrize(
    "epoch", [2016, 2016.0, np.float32(2016), 2016 * u.yr, Time(2016.0, format="jyear")]
)
def test_an_epoch_is_a_number_a_quantity_or_a_moment(epoch: Any) -> None:
    assert checked_arguments(takes)(epoch=epoch) == {"epoch": pytest.approx(2016.0)}


def test_quantities_are_given_on_in_the_unit_of_the_argument() -> None:
    assert checked_arguments(takes)(radius=120 * u.arcsec) == {"radius": pytest.approx(2.0)}
    assert checked_arguments(takes)(jobs=np.int64(2), path=Path("a"), name=5) == {
        "jobs": 2,
        "path": Path("a"),
        "name": "5",
    }


def takes(
    *,
    epoch: float | None = None,
    radius: float | None = None,
    jobs: int | None = None,
    path: str | Path | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Give what was given."""
    return {key: value for key, value in locals().items() if value is not None}


def test_arguments_that_there_are_not_are_no_business_of_the_check(nowhere: Ledger) -> None:
    with pytest.raises(TypeError, match="no_such_word"):
        nowhere.align.show(3, no_such_word=1)


@pytest.mark.parametrize("call", [lambda db: db.align.run(), lambda db: db.runs.purge()])
def test_messages_have_the_words_of_the_caller(call: Call, nowhere: Ledger) -> None:
    with pytest.raises(UsageError) as typed:
        call(nowhere)
    nowhere.is_for_python = True
    with pytest.raises(UsageError) as called:
        call(nowhere)
    assert " --" in str(typed.value) and "--" not in str(called.value)
    assert str(called.value) == f"{called.value.what} {called.value.advice}".strip()


@pytest.mark.parametrize(
    ("option", "word"),
    [
        (
            "Give --refcat NAME, or --relative to align",
            "Give refcat=NAME, or relative=True to align",
        ),
        ("fit the exposure with --what exposures.", "fit the exposure with what='exposures'."),
        ("Leave --kind out.", "Leave kind out."),
        ('insist with --why "REASON"', 'insist with why="REASON"'),
        ("--each target or --each visit", "each='target' or each='visit'"),
        ("by --engine skydb, with --no-mosaic", "by engine='skydb', with mosaic=False"),
        ("`skydb fsck --repair` - two--hyphens", "`db.fsck(repair=True)` - two--hyphens"),
        ("See `skydb runs`.", "See `db.runs()`."),
        ("See `skydb runs unpin 12`.", "See `db.runs.unpin(12, why)`."),
        (
            "Fit it with `skydb align run --what group`.",
            "Fit it with `db.align.run(what='group')`.",
        ),
        ("Use `skydb drizzle --visit bxl50`.", "Use `db.drizzle(visit='bxl50')`."),
        ("See `skydb books deliveries list`.", "See `db.books.deliveries.list()`."),
        ("`skydb fetch --refresh`, `skydb init`", "`db.fetch(refresh=True)`, `skydb.init()`"),
        ("Run `skydb simulate DIR` first.", "Run `skydb.simulate('DIR')` first."),
        (
            "runs, or --between GROUP GROUP, or --history",
            "runs, or between=(GROUP, GROUP), or history=True",
        ),
        ("--visit bxl5a --visit bxl5b; --visit bxl5c.", "visit=['bxl5a', 'bxl5b']; visit='bxl5c'."),
        ("--allow islands --allow no-signal.", "allow=['islands', 'no-signal']."),
        ('insist with --force --why "REASON"', 'insist with force=True, why="REASON"'),
        ("Give --crop RA DEC SIZE within the field", "Give crop=(RA, DEC, SIZE) within the field"),
        ("Use --without-motion keep.", "Use without_motion='keep'."),
        ("or --min-mas 10 and --epoch 2016.0", "or min_mas 10 and epoch 2016.0"),
        ("`it's` and `` and `skydb note 'x`", "`it's` and `` and `skydb note 'x`"),
        ("`kill 12` or `skydb fsck --as-if 3`", "`kill 12` or `skydb fsck --as-if 3`"),
    ],
)
def test_options_become_words_and_commands_become_calls(option: str, word: str) -> None:
    assert in_python(option) == word


def test_arguments_of_another_name_or_place_are_answered_with_those_that_there_are() -> None:
    @checked_arguments
    def look(ra: float, dec: float, *, radius: float = 1.0) -> None: ...

    call: Any = look
    for given, named in (((1, 2, 3), {}), ((1,), {}), ((1, 2), {"radios": 3})):
        with pytest.raises(TypeError, match=r"^look: .*\. It takes \(ra, dec, radius\)\.$"):
            call(*given, **named)


def test_a_directory_of_pictures_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    with pytest.raises(UsageError, match="notes is a file"):
        checking.directory(tmp_path / "notes")


def test_a_directory_of_pictures_is_not_named_like_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"skies\.PNG is the name of one picture.*skies/\."):
        checking.directory(tmp_path / "skies.PNG")
    (tmp_path / "old.png").mkdir()
    assert checking.directory(tmp_path / "old.png") == tmp_path / "old.png"
