"""The catalogue as each product gets it: what is not covered, and what does not move."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from skydb.api.composition import Services
from skydb.domain.catalog import CatalogUse
from skydb.services.alignment.align import AlignService
from tests.services.tools import CENTRE_DEG, PRODUCT, Toolbox, write_exposure, write_product

OTHER = "ibxl51010_drz.fits"


@pytest.fixture
def field(services: Services, visit: list[Path]) -> list[Path]:
    services.ingest.ingest(visit)
    return visit


def catalog(
    services: Services,
    directory: Path,
    *,
    offset_deg: float = 0.0,
    count: int = 30,
    still: int = 0,
    hours: bool = False,
    squeeze: float = 1.0,
    use: CatalogUse | None = None,
) -> None:
    """Import a catalogue about the product, some of whose sources have no proper motion."""
    lines = ["ra,dec,pmra,pmdec"]
    for i in range(count):
        ra = CENTRE_DEG[0] + (i % 6 - 2.5) * 2.4e-4
        dec = CENTRE_DEG[1] + offset_deg + ((i // 6 - 2) * squeeze + 2 * (squeeze - 1)) * 2.8e-4
        motion = "," if i < still else "20.0,15.0"
        lines.append(f"{ra / 15 if hours else ra:.10f},{dec:.9f},{motion}")
    path = directory / "stars.csv"
    path.write_text("\n".join(lines) + "\n")
    services.refcat.import_file(path, 2016.0, "gaia", use)


def fitted(services: Services, tools: Toolbox) -> tuple[list[dict], list[dict]]:
    run = AlignService(services.context, tools).run("gaia")
    return services.solutions.fits(run), services.runs.input_doubts(run)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"offset_deg": 0.5}, "the catalogue does not cover it: 0 of the 30 sources lie on it"),
        ({"offset_deg": 60.0}, "the catalogue does not cover it: 0 of the 30 sources lie on it"),
        (
            {"count": 4},
            "the catalogue does not cover it: 4 of the 4 sources lie on it, and a fit wants 5",
        ),
        (
            {"hours": True},
            "the catalogue does not cover it: 0 of the 30 sources lie on it; "
            "its right ascensions seem to be hours",
        ),
    ],
)
def test_a_product_that_is_not_covered_fails_with_the_count_and_without_tweakreg(
    services, tools, field, tmp_path, options, reason
) -> None:
    catalog(services, tmp_path, **options)
    (row,), _ = fitted(services, tools)
    assert (row["status"], row["reason"]) == ("failed", reason)
    assert (row["rms_ra_mas"], row["dx_pix"]) == (None, None)
    assert tools.ran == []


def test_the_covered_products_of_a_run_are_fitted_nevertheless(
    services, tools, field, tmp_path
) -> None:
    members = ("ibxl51iaq", "ibxl51ibq")
    away = (CENTRE_DEG[0] + 0.1, CENTRE_DEG[1])
    files = [write_exposure(tmp_path / "two", name, centre_deg=away) for name in members]
    files.append(write_product(tmp_path / "two", OTHER, members, centre_deg=away))
    services.ingest.ingest(files)
    catalog(services, tmp_path)
    rows, _ = fitted(services, tools)
    assert {row["product"]: row["status"] for row in rows} == {
        PRODUCT: "proposed",
        OTHER: "failed",
    }
    covered = {row["product"]: row["catalog_sources_on_it"] for row in rows}
    assert covered == {PRODUCT: 30, OTHER: 0}


def test_a_product_of_which_a_part_is_covered_is_flagged(services, tools, field, tmp_path) -> None:
    catalog(services, tmp_path, squeeze=0.4)
    (row,), (doubt,) = fitted(services, tools)
    assert row["status"] == "proposed"
    assert row["catalog_covered_share"] == pytest.approx(0.48, abs=0.1)
    assert "The catalogue covers" in doubt["message"]
    assert "30 of the 30 sources lie on that part" in doubt["message"]


@pytest.mark.parametrize(
    ("rows", "share"),
    [(slice(20, None), 1.0), (slice(None), 0.48)],
    ids=["half of it is empty", "all of it is zero"],
)
def test_what_was_not_exposed_need_not_be_covered_unless_nothing_tells_what_was(
    services, tools, visit, tmp_path, rows, share
) -> None:
    with fits.open(visit[2], "update") as hdus:
        hdus["SCI"].data[rows] = 0.0
    services.ingest.ingest(visit)
    catalog(services, tmp_path, squeeze=0.4)
    (row,), doubts = fitted(services, tools)
    assert row["catalog_covered_share"] == pytest.approx(share, abs=0.1)
    assert len(doubts) == (share < 0.9)


def test_a_product_all_of_which_is_covered_is_not(services, tools, field, tmp_path) -> None:
    catalog(services, tmp_path)
    (row,), doubts = fitted(services, tools)
    assert (row["catalog_covered_share"], doubts) == (1.0, [])


@pytest.mark.parametrize(
    ("word", "treatment", "says"),
    [(None, "drop", "dropped"), ("bulk", "bulk", "moved in bulk"), ("keep", "keep", "were kept")],
)
def test_what_became_of_sources_without_motion_is_in_the_row_and_in_the_finding(
    services, tools, field, tmp_path, word, treatment, says
) -> None:
    catalog(services, tmp_path, still=13, use=CatalogUse.of(word))
    (row,), (doubt,) = fitted(services, tools)
    assert row["without_motion"] == treatment
    assert (row["catalog_sources"], row["sources_without_motion"]) == (30, 13)
    years = row["expected_displacement_mas"] / 25.0
    assert 1.0 < years < 20.0
    assert "13 of 30 sources have no proper motion" in doubt["message"]
    assert says in doubt["message"]
    assert f"{row['expected_displacement_mas']:.1f} mas" in doubt["message"]
    assert (row["trust"] < 0.5) == (word == "keep")


def test_a_fit_keeps_the_motion_among_its_reasons(services, tools, field, tmp_path) -> None:
    catalog(services, tmp_path, still=13, use=CatalogUse.of("keep"))
    (row,), _ = fitted(services, tools)
    assert row["trust_reason"].startswith("motion: 13 of 30 sources have no proper motion")
    assert "may pull the fit by" in row["trust_reason"]
