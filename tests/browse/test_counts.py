"""Pages say what the lists that they lead to have, also where little is known."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.browse.links import table
from skydb.domain.vocabulary import SkyMethod
from tests.browse.asked import Pages, pages
from tests.services.ledgers import SmallLedger, day

ON = day("2024-01-01")


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path):  # type: ignore[no-untyped-def]
    """Two targets in a visit, a visit of a product alone, an exposure of a log; many runs."""
    home = tmp_path_factory.mktemp("counts")
    path = home / "skydb.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    services = Services.open(f"sqlite:///{path}", home / "data")
    book = SmallLedger(services)
    for name, target in (("ibxl50iaq", "A"), ("ibxl50ibq", "B"), ("ibxl50icq", "B")):
        book.deliver(name, target_name=target)
    book.run(SkyMethod.MATCH, {"ibxl50iaq": [1.0, 2.0, 3.0, 10.0], "ibxl50ibq": 0.5}, on=ON)
    book.run(SkyMethod.LOCALMIN, {"ibxl50iaq": [1.1, 2.2, 3.3, 10.4]}, on=ON)
    for number in range(1, 101):
        book.logged_run(SkyMethod.MATCH, {"ibxl51iaq": number}, on=None, directory=str(number))
    product = book.logged_fit("ibxl52010_drz.fits", on=ON, directory="x", dx_pix=None)
    services.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE visits SET target_name = 'C' WHERE number = '52'")
        connection.execute("UPDATE visits SET target_name = 'A' WHERE number = '50'")
        connection.execute(
            "INSERT INTO findings (activity_id, kind, subject, message, noticed_at)"
            " VALUES (?, 'weak-fit', 'ibxl52010_drz.fits', 'too few', '2024-01-01')",
            (product,),
        )
        connection.execute("UPDATE activities SET status = 'interrupted' WHERE id = 1")
        connection.execute("UPDATE activities SET status = 'failed' WHERE id = 2")
        connection.execute(
            "UPDATE activities SET deleted_at = '2024-01-02' WHERE id = (SELECT MAX(id)"
            " FROM activities WHERE kind = 'sky-run')"
        )
        connection.commit()
    with pages(f"sqlite:///{path}", home / "data") as asked:
        yield asked


def test_every_link_of_the_first_page_and_of_fields_leads_to_what_was_counted(get: Pages) -> None:
    first = get("/")
    assert {"/field/A", "/field/B", "/field/C", "/field"} <= set(first.links)
    blank = "/ledger/v_exposure_status?detector__isblank=1&filter__isblank=1"
    assert blank in first.links and "1 row" in get(blank).words
    for path in first.links:
        assert get(path).status == 200, path
    exposures = "/ledger/v_exposure_status?target_name__isblank=1"
    assert exposures in get("/field").links and "1 row" in get(exposures).words


def test_states_of_runs_are_told_apart(get: Pages) -> None:
    status = get("/").part("status")
    assert "1 run that failed" in status and "1 run interrupted" in status
    assert "/runs?status=interrupted" in get("/").links
    # 109 are on record, one of them of the run that was deleted.
    assert "108 sky values" in status and "108 rows" in get("/ledger/v_sky_values").words


def test_a_visit_of_which_only_a_product_is_known_has_a_field_and_its_findings(get: Pages) -> None:
    assert "/field/C" in get("/visit/bxl52").links
    assert get("/field/C").words.count("0 exposures of 1 visit") == 1
    assert "too few" in get("/visit/bxl52").part("notes-and-findings")


def test_states_of_a_visit_of_two_targets_are_those_of_the_target(get: Pages) -> None:
    # Exposures, downloaded, aligned, matched: of B there are two, and one is in no run.
    for target, said in (("A", "1 0 0 1 0 0 0"), ("B", "2 0 0 1 0 0 0")):
        assert get(f"/field/{target}").part("visits").endswith(said), target


def test_the_last_page_of_a_list_leads_to_no_empty_one(get: Pages) -> None:
    path, seen = "/runs?method=match", 0
    while path:
        page = get(path)
        seen += page.part("runs").count("sky-run")
        path = next((one for one in page.links if "before=" in one), "")
        assert "Nothing of this kind ran" not in page.words
    assert seen == 100


def test_the_median_of_an_even_number_is_between_the_middle_two(get: Pages) -> None:
    address = "/compare?run=4&run=5"
    # 0.1, 0.2, 0.3 and 0.4.
    assert "4 +0.100000 +0.250000 +0.400000" in get(address).part("skies")
    assert "1 chip of 5 is not in every run" in get(address).words


def test_runs_that_do_not_fit_side_by_side_are_named(get: Pages) -> None:
    found = [one.rpartition("/")[2] for one in get("/runs?kind=sky-run").links if "/run/" in one]
    address = "/compare?" + "&".join(f"run={number}" for number in found[:8])
    assert f"left out: run {found[6]}, {found[7]}." in get(address).words


def test_a_filter_without_a_value_asks_for_rows_that_have_none() -> None:
    assert table("v", a=None, b="", c=0) == "/ledger/v?a__isblank=1&b__isblank=1&c=0"


ODD = (
    "_sort=none", "_next=zzz", "_through={}", "rootname__in=[", "%00=1", "_size=x",
    "_col=none", "_where=x(", "id__arraycontains=x",
)  # fmt: skip


@pytest.mark.parametrize("path", ["/ledger/v_sky_values", "/ledger/exposures.json"])
def test_what_an_address_asks_wrongly_is_no_failure_of_the_page(
    get: Pages, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for words in ODD:
        assert get(f"{path}?{words}").status < 500, words
    for whole in ("/ledger.csv", "/ledger.json?_shape=array"):
        assert get(whole).status == 400
    assert get("/none").words.count("There is no such page.") == 1
    assert capfd.readouterr().err == ""
