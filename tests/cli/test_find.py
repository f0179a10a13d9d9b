"""``skydb find`` as people call it."""

from __future__ import annotations

import pytest

from skydb.api.composition import Services
from tests.commands import skydb
from tests.services.footprints import Observatory, box, wcs_of


@pytest.fixture
def url(sqlite_ledger_url):
    services = Services.open(sqlite_ledger_url)
    with services.context.store.writing() as session:
        sky = Observatory(session)
        sky.expose("ibxl50aaq", wcs_of(box((85.25, -2.46))))
        sky.expose("ibxl50abq", wcs_of(box((85.27, -2.46))), filters="F110W")
        session.commit()
    services.close()
    return sqlite_ledger_url


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--position", "85.25", "-2.46"], ["ibxl50aaq"]),
        (["--position", "5:41:00", "-2:27:36"], ["ibxl50aaq"]),
        (["--cone", "85.25", "-2.46", "60"], ["ibxl50aaq", "ibxl50abq"]),
        (["--cone", "85.25", "-2.46", "1arcmin", "--filter", "F110W"], ["ibxl50abq"]),
        (["--cone", "85.25", "-2.46", "0.0001deg"], ["ibxl50aaq"]),
        (["--overlapping", "ibxl50aaq"], ["ibxl50abq"]),
        (["--polygon", "POLYGON ICRS 85 -3 86 -3 86 -2 85 -2"], ["ibxl50abq", "ibxl50aaq"]),
        (["--position", "0", "90"], []),
    ],
)
def test_footprints_are_found_and_shown_nearest_first(url, words, expected):
    answer = skydb("--db", url, "find", *words, "--json")
    assert answer.code == 0, answer.err
    assert [row["rootname"] for row in answer.document] == expected
    promised = {"rootname", "product", "extver", "separation_deg", "contains", "s_region"}
    assert all(promised <= set(row) for row in answer.document)


def test_without_json_a_table_is_shown(url):
    shown = skydb("--db", url, "find", "--position", "85.25", "-2.46")
    assert shown.code == 0
    assert "ibxl50aaq_flt.fits" in shown.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["--cone", "85.25", "-2.46"], 2),
        (["--cone", "85.25", "-99", "3"], 2),
        (["--position", "1", "2", "--overlapping", "ibxl50aaq"], 2),
        (["--overlapping", "ibxl99zzq"], 4),
    ],
)
def test_a_search_that_cannot_be_made_says_why(url, words, code):
    answer = skydb("--db", url, "find", *words)
    assert answer.code == code
    assert answer.err


def test_one_footprint_is_counted_as_one(url, tmp_path):
    out = tmp_path / "one.reg"
    told = skydb("--db", url, "export", "footprints", str(out), "--exposure", "ibxl50aaq")
    assert told.out == f"{out}: 1 footprint of 1 exposure or product\n"
