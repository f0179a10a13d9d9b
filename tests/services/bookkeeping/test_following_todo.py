"""Commands of `todo`, done word by word, end in a ledger that is right or names what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, Product, ProductVersion
from skydb.domain.todo import TodoRule
from skydb.services.intake.selection import Selection
from skydb.services.skies.recipe import selected_inputs
from skydb.store.scope import Scope
from tests.services.reprocessed import DRZ, NEW, OLD, OLD_NAME, PIECES, Follower, Reprocessed
from tests.services.tools import Toolbox, write_catalog, write_product

pytestmark = pytest.mark.alternating

SUBSETS = [some for count in (1, 2, 3) for some in combinations(PIECES, count)]
ALIGNMENT = {TodoRule.NOT_ALIGNED, TodoRule.ALIGNMENT_OUTDATED}


@pytest.fixture
def visit50(tmp_path: Path) -> Reprocessed:
    return Reprocessed(tmp_path / "archive")


def prepared(
    services: Services, tools: Toolbox, visit: Reprocessed, catalog: Path, *, is_aligned: bool
) -> Follower:
    services.ingest.ingest(list(visit.old().values()))
    services.refcat.import_file(catalog, 2016.0, "gaia")
    follower = Follower(services, tools)
    if is_aligned:
        assert follower.follow() > 0
        assert follower.due() == []
    return follower


@dataclass(frozen=True)
class Kept:
    """A visit in a ledger, made once, and copies of it.

    Parameters
    ----------
    home : Path
        The files, which no test changes, and ledgers that are aligned or not.
    """

    home: Path

    @property
    def visit(self) -> Reprocessed:
        return Reprocessed(self.home / "archive")

    @contextmanager
    def copied_to(self, place: Path, tools: Toolbox, *, is_aligned: bool) -> Iterator[Follower]:
        shutil.copytree(self.home / str(is_aligned), place)
        services = Services.open(f"sqlite:///{place / 'ledger.sqlite'}", place / "data")
        yield Follower(services, tools)
        services.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    kept = Kept(tmp_path_factory.mktemp("following"))
    catalog = write_catalog(kept.home)
    for is_aligned in (True, False):
        home = kept.home / str(is_aligned)
        home.mkdir()
        shutil.copyfile(sqlite_template, home / "ledger.sqlite")
        services = Services.open(f"sqlite:///{home / 'ledger.sqlite'}", home / "data")
        prepared(services, Toolbox(), kept.visit, catalog, is_aligned=is_aligned)
        services.close()
    return kept


@pytest.fixture
def started(kept: Kept, tmp_path: Path, tools: Toolbox, *, is_aligned: bool) -> Iterator[Follower]:
    """A ledger of the visit, in which all that was due is done where it is aligned."""
    with kept.copied_to(tmp_path / "kept", tools, is_aligned=is_aligned) as follower:
        yield follower


def chosen(services: Services) -> dict[str, ProductVersion]:
    with services.context.store.reading() as session:
        found = {}
        for rootname, path in services.exposure_paths(Selection()).items():
            for version in session.scalars(select(ProductVersion)):
                if services.context.workspace.resolve(version.path) == path:
                    _ = version.accepted_solution, version.is_newest_delivery
                    found[rootname] = version
        return found


def rules(services: Services) -> dict[str, set[str]]:
    """Rules of alignment that stand on each exposure."""
    found: dict[str, set[str]] = {}
    for row in services.todo.due():
        if row["rule"] in ALIGNMENT:
            found.setdefault(row["exposure"], set()).add(row["rule"])
    return found


def newest_are_used(services: Services) -> None:
    """Versions made of an older archive version do not hide a newer one."""
    with services.context.store.reading() as session:
        for product in session.scalars(select(Product)):
            newest = max(product.versions, key=lambda one: one.delivery).delivery
            assert product.latest.delivery == newest
            for version in product.versions:
                assert version.delivery == version.origin.delivery


def pixel(path: Path) -> float:
    return float(fits.getdata(path, "SCI")[0, 0])


@pytest.mark.parametrize("is_aligned", [True, False], ids=["aligned", "never-aligned"])
@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_whatever_part_of_a_visit_was_redelivered_following_todo_aligns_its_newest_files(
    started: Follower, kept: Kept, subset: tuple[str, ...], *, is_aligned: bool
) -> None:
    follower, services, visit50 = started, started.services, kept.visit
    new = visit50.new()
    services.ingest.ingest([new[piece] for piece in subset])
    follower.archive["ibxl50010"] = list(new.values())
    assert follower.follow() < 6
    assert follower.due() == [], follower.said
    newest_are_used(services)
    used = services.exposure_paths(Selection())
    was_new = any("fetch" in said for said in follower.said) or DRZ in subset
    for rootname, version in chosen(services).items():
        assert version.accepted_solution is not None, follower.said
        assert version.is_newest_delivery
        piece = PIECES[visit50.members.index(rootname)]
        if piece in subset:
            assert pixel(used[rootname]) == pixel(new[piece])
            assert version.cal_ver == NEW["CAL_VER"]
    assert was_new or not set(subset) & set(PIECES[:2])


@pytest.mark.parametrize("is_aligned", [True, False], ids=["aligned", "never-aligned"])
@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_as_long_as_the_archive_has_no_product_the_rules_stand_and_nothing_is_made(
    started: Follower, kept: Kept, subset: tuple[str, ...], *, is_aligned: bool
) -> None:
    follower, services, visit50 = started, started.services, kept.visit
    new = visit50.new()
    services.ingest.ingest([new[piece] for piece in subset])
    follower.follow()
    newest_are_used(services)
    standing = rules(services)
    for rootname, version in chosen(services).items():
        piece = PIECES[visit50.members.index(rootname)]
        if piece in subset:
            assert version.cal_ver == NEW["CAL_VER"], "the new pixels are used"
        # The product alone came again: the archive has a newer exposure than the aligned one.
        is_behind = DRZ in subset and piece not in subset
        is_due = version.accepted_solution is None or is_behind
        assert (rootname in standing) == is_due, follower.said
        if piece in subset and DRZ not in subset:
            assert version.accepted_solution is None, "an old fit says nothing of it"
    count = _versions(services)
    for _ in range(3):
        for command, _rule in follower.due():
            follower.do(command)
    assert _versions(services) == count, follower.said
    assert rules(services) == standing


def _versions(services: Services) -> int:
    with services.context.store.reading() as session:
        return len(session.scalars(select(ProductVersion)).all())


def test_a_single_redelivered_exposure_is_left_by_the_old_fit_and_todo_names_the_cure(
    services_anywhere: Services, tools: Toolbox, visit50: Reprocessed, catalog_file: Path
) -> None:
    services = services_anywhere
    follower = prepared(services, tools, visit50, catalog_file, is_aligned=True)
    new = visit50.new()
    services.ingest.ingest([new[PIECES[0]]])
    one, other = visit50.members
    (row,) = [row for row in services.todo.due() if row["rule"] in ALIGNMENT]
    assert (row["exposure"], row["rule"]) == (one, TodoRule.ALIGNMENT_OUTDATED)
    assert row["command"].startswith("skydb fetch --obs-id ibxl50010")
    assert (
        "no drizzled product of that archive version is recorded: fetch or make it" in row["reason"]
    )
    assert "align run --what exposures" in row["reason"]

    # Whoever fits the old product nevertheless moves the other exposure, and is told.
    follower.do("skydb align run --refcat gaia ibxl50010_drz.fits")
    outcomes = services.solutions.fits(_last_run(services))
    assert [row["status"] for row in outcomes] == ["proposed"]
    follower.do(f"skydb align accept {_last_run(services)}")
    assert rules(services) == {one: {TodoRule.ALIGNMENT_OUTDATED}}
    used = chosen(services)
    assert used[one].cal_ver == NEW["CAL_VER"] and used[one].accepted_solution is None
    assert used[other].accepted_solution is not None


def test_a_proposal_that_waits_is_to_be_reviewed_and_every_command_has_one_row(
    services_anywhere: Services, tools: Toolbox, tmp_path: Path, catalog_file: Path
) -> None:
    services = services_anywhere
    visits = [Reprocessed(tmp_path / "archive", visit) for visit in ("50", "51", "52")]
    for visit in visits:
        services.ingest.ingest(list(visit.old().values()))
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    follower = Follower(services, tools)
    due = follower.due()
    assert sorted(command for command, _ in due) == [
        f"skydb align run --refcat gaia {visit.product}" for visit in visits
    ]
    assert all(rule == "not-aligned" for _, rule in due)
    follower.do("skydb align run --refcat gaia")
    run = _last_run(services)
    assert follower.due() == [(f"skydb align accept {run}", "fit-waiting")]
    commands = [row["command"] for row in services.todo.todo()]
    assert len(commands) == len(set(commands)) == 2
    follower.do(f"skydb align accept {run}")
    assert follower.due() == []


@pytest.mark.parametrize("is_fitted", [True, False], ids=["waiting", "not-fitted"])
def test_a_sky_run_that_would_be_refused_waits_for_what_goes_before_it(
    services_anywhere: Services, tools: Toolbox, tmp_path: Path, catalog_file: Path,
    *, is_fitted: bool,
) -> None:  # fmt: skip
    services = services_anywhere
    one, other = (Reprocessed(tmp_path / "archive", visit) for visit in ("50", "51"))
    for visit in (one, other):
        services.ingest.ingest(list(visit.old().values()))
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    follower = Follower(services, tools)
    follower.do(f"skydb align run --refcat gaia {one.product}")
    follower.do(f"skydb align accept {_last_run(services)}")
    before = f"skydb align run --refcat gaia {other.product}"
    if is_fitted:
        follower.do(before)
        before = f"skydb align accept {_last_run(services)}"
    rows = services.todo.due(rule=TodoRule.NEVER_MATCHED)
    assert [row["rule"] for row in rows] == [TodoRule.NEVER_MATCHED] * 4
    assert {row["command"] for row in rows} == {before}
    assert all("refused before: mixed-alignment" in row["reason"] for row in rows)
    assert follower.follow() < 4
    (command,) = {row["command"] for row in services.todo.due()}
    assert command.startswith("skydb sky run --method match")
    assert {row["command"] for row in services.todo.due(Scope(visits=("51",)))} == {command}


@pytest.mark.parametrize("is_users_last", [True, False])
def test_the_pipelines_product_is_fitted_before_a_mosaic_of_the_user_in_both_orders(
    services_anywhere: Services, tools: Toolbox, visit50: Reprocessed, tmp_path: Path,
    catalog_file: Path, *, is_users_last: bool,
) -> None:  # fmt: skip
    services = services_anywhere
    files = visit50.old()
    home = tmp_path / "mosaics"
    mosaic = write_product(home, "final_drz.fits", visit50.members, OLD_NAME, **OLD)
    batches = [[mosaic], list(files.values())]
    for batch in batches[::-1] if is_users_last else batches:
        services.ingest.ingest(batch)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    commands = [command for command, _ in Follower(services, tools).due()]
    assert commands == [f"skydb align run --refcat gaia {visit50.product}"]


def _last_run(services: Services) -> int:
    with services.context.store.reading() as session:
        return max(session.scalars(select(AlignmentRun.id)))


@pytest.mark.parametrize("changed", [("CAL_VER",), ("CAL_VER", "IDCTAB")])
def test_an_exposure_of_which_only_the_product_was_fetched_again_is_stale(
    services_anywhere: Services, visit50: Reprocessed, tmp_path: Path, changed: tuple[str, ...]
) -> None:
    services = services_anywhere
    services.ingest.ingest(list(visit50.old().values()))
    assert "stale-input" not in _flags(services)
    cards = {key: NEW[key] for key in changed} | {"DATE": NEW["DATE"]}
    home = tmp_path / "again"
    services.ingest.ingest(
        [write_product(home, visit50.product, visit50.members, OLD_NAME, **{**OLD, **cards})]
    )
    assert _flags(services).count("stale-input") == 2
    new = visit50.new()
    services.ingest.ingest([new[piece] for piece in PIECES[:2]])
    assert "stale-input" not in _flags(services)


@pytest.mark.parametrize("date", [NEW["DATE"], "2001-01-01"], ids=["newer", "older"])
def test_an_aligned_exposure_of_which_only_the_product_came_again_is_to_be_fetched(
    services_anywhere: Services, tools: Toolbox, visit50: Reprocessed, tmp_path: Path,
    catalog_file: Path, date: str,
) -> None:  # fmt: skip
    services = services_anywhere
    prepared(services, tools, visit50, catalog_file, is_aligned=True)
    cards = {"CAL_VER": NEW["CAL_VER"] if date == NEW["DATE"] else "2.0", "DATE": date}
    home = tmp_path / "again"
    services.ingest.ingest(
        [write_product(home, visit50.product, visit50.members, OLD_NAME, **{**OLD, **cards})]
    )
    is_newer = date == NEW["DATE"]
    assert ("stale-input" in _flags(services)) is is_newer
    (status,) = services.todo.status()
    assert status["stale"] == (2 if is_newer else 0)
    due = services.todo.due(rule=TodoRule.ALIGNMENT_OUTDATED)
    assert [row["exposure"] for row in due] == (list(visit50.members) if is_newer else [])
    assert {row["command"].split(" --")[0] for row in due} <= {"skydb fetch"}
    assert all(visit50.product in row["reason"] for row in due)


def _flags(services: Services) -> str:
    """Names of the guards that flag an exposure, of all of them."""
    inputs = selected_inputs(services.context, Selection(), read_files=False)
    return " ".join(flag.guard for flag in inputs.flags)
