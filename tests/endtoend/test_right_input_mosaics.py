"""Mosaics of several visits that AstroDrizzle has made under one name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.drizzle.astrodrizzle import AstroDrizzle, ProductJob
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from tests.commands import Spoken
from tests.endtoend.conftest import Chain
from tests.endtoend.lookalikes import exposure_file, in_visit, rewritten
from tests.endtoend.mixed import DATABASES, POSTGRESQL, SQLITE, ledger_on, mixed_field

pytestmark = pytest.mark.slow

__all__ = ["ledger_on", "mixed_field"]

VISITS = ("50", "51")
#: What a header keeps of the exposures: all that AstroDrizzle writes, or less.
KEPT = ("table and cards", "cards", "table", "nothing")
PRODUCTS = (
    "SELECT p.id, p.flavour, v.number AS visit, fl.path, p.filename,"
    " (SELECT COUNT(*) FROM product_versions pv WHERE pv.product_id = p.id) AS versions,"
    " (SELECT MIN(m.rootname) FROM product_members m WHERE m.product_id = p.id) AS first,"
    " (SELECT MAX(m.rootname) FROM product_members m WHERE m.product_id = p.id) AS last"
    " FROM products p JOIN visits v ON v.id = p.visit_id"
    " JOIN product_versions pv ON pv.product_id = p.id"
    " JOIN file_locations fl ON fl.version_id = pv.id"
    " WHERE p.filename = 'final_drz.fits' ORDER BY v.number"
)


@pytest.fixture(scope="session")
def mosaics(mixed_field, shared) -> Chain:
    """The two visits of the IR field, drizzled to ``final_drz.fits`` each."""
    field = mixed_field("IR").field

    def build(root: Path) -> dict[str, Spoken]:
        jobs = [
            ProductJob(
                tuple(exposure_file(field, name) for name in in_visit(field, visit)),
                "final",
                AstroDrizzleSettings.pipeline(),
            )
            for visit in VISITS
        ]
        (root / "scratch").mkdir()
        made = AstroDrizzle(DrizzlepacRunner()).make_products(jobs, root / "scratch")
        for visit, path in zip(VISITS, made, strict=True):
            assert fits.getval(path, "ROOTNAME") == "final"
            for kept in KEPT:
                rewritten(path, root / kept / visit / "final_drz.fits", _keeping(kept))
        return {}

    return shared("mosaics-IR", build)


def _keeping(kept: str):
    def change(hdus: fits.HDUList) -> None:
        if "table" not in kept:
            del hdus["HDRTAB"]
        for hdu in hdus if "cards" not in kept else ():
            for card in [one for one in hdu.header if re.fullmatch(r"D\d{3}DATA", one)]:
                del hdu.header[card]

    return change


@pytest.mark.parametrize(
    ("database", "is_reversed"), [(SQLITE, False), (POSTGRESQL, True)], ids=DATABASES
)
@pytest.mark.parametrize("kept", KEPT)
def test_mosaics_of_two_visits_are_two_products_though_their_files_have_one_name(
    mixed_field, mosaics, ledger_on, tmp_path, kept, database, *, is_reversed
):
    names = {visit: in_visit(mixed_field("IR").field, visit) for visit in VISITS}
    files = [mosaics.root / kept / visit / "final_drz.fits" for visit in VISITS]
    ledger = ledger_on(database, tmp_path / "ledger")
    for file in files[::-1] if is_reversed else files:
        ledger("ingest", file)
    found = ledger.json("sql", PRODUCTS)
    assert [(row["visit"], Path(row["path"])) for row in found] == list(
        zip(VISITS, files, strict=True)
    )
    assert len({row["id"] for row in found}) == 2
    assert {(row["flavour"], row["versions"]) for row in found} == {("user", 1)}
    members = [(row["first"], row["last"]) for row in found]
    assert members == [
        (None, None) if kept == "nothing" else tuple(names[visit]) for visit in VISITS
    ]

    # The name alone says neither of them, and is not taken for one.
    field = mixed_field("IR").field
    ledger.json("ingest", *(exposure_file(field, one) for visit in VISITS for one in names[visit]))
    ledger.json("refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0, "--name", "gaia")
    refused = ledger("align", "run", "--refcat", "gaia", "final_drz.fits")
    assert refused.code != 0
    assert all(f"product:{row['id']} (user" in refused.err for row in found)
    commands = {row["command"] for row in ledger.json("todo") if "align run" in row["command"]}
    told = set() if kept == "nothing" else {
        f"skydb align run --refcat gaia product:{row['id']}" for row in found
    }  # fmt: skip
    assert commands == told
