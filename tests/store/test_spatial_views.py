"""``v_footprints`` and ``ivoa_obscore`` say what was put into the ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from skydb.domain import AlignmentSolution, CatalogService, ReferenceCatalog
from skydb.domain.activity import CatalogImport
from skydb.domain.values import FitParameters, FitQuality, WcsName, unit_vectors
from skydb.sky.positions import parse_polygons_deg
from skydb.store.unit_of_work import Store
from tests.domain.entities import STAMP
from tests.services.footprints import Observatory, box, facts_of, wcs_of

HERE, NORTH = (85.25, -2.46), (85.25, -2.42)


def rows(store: Store, statement: str) -> list[dict[str, Any]]:
    with store.reading() as session:
        return [dict(row) for row in session.execute(text(statement)).mappings()]


def expose(store: Store, *arguments: Any, **more: Any) -> None:
    with store.writing() as session:
        Observatory(session).expose(*arguments, **more)
        session.commit()


def obscore(store: Store, obs_id: str = "ibxl50aaq") -> dict[str, Any]:
    (row,) = rows(store, f"SELECT * FROM ivoa_obscore WHERE obs_id = '{obs_id}'")
    return row


def test_a_footprint_is_the_primary_wcs_of_the_newest_content(store):
    with store.writing() as session:
        sky = Observatory(session)
        product = sky.expose("ibxl50aaq", wcs_of(box(NORTH)), wcs_of(box(NORTH), key="A"))
        sky.file(product, product.exposure.as_facts, wcs_of(box(HERE), name="TWEAK"),
                 wcs_of(box(NORTH), key="B"))  # fmt: skip
        session.commit()
    (row,) = rows(store, "SELECT * FROM v_footprints")
    assert (row["rootname"], row["version"], row["wcs_name"]) == ("ibxl50aaq", 2, "TWEAK")
    assert (row["ra_deg"], row["dec_deg"]) == pytest.approx(HERE, abs=1e-6)
    assert [row[axis] for axis in "xyz"] == pytest.approx(unit_vectors(np.array([HERE]))[0])


def test_the_footprint_of_an_aligned_product_is_that_of_the_fit_that_was_accepted(store):
    with store.writing() as session:
        sky = Observatory(session)
        product = sky.drizzle("ibxl50010", ["ibxl50aaq"], wcs_of(box(NORTH)))
        activity = CatalogImport({}, STAMP)
        gaia = ReferenceCatalog(
            "gaia", CatalogService.FILE, activity=activity, sources=9, sha256="c", path="p",
            epoch=2016.0, has_proper_motions=True,
        )  # fmt: skip
        fit = AlignmentSolution.propose(
            product.versions[0], activity, gaia, wcs_of(box(HERE)), FitParameters(0, 0, 0, 1, 0, 0)
        )
        session.add(fit)
        fit.accept(sky.file(product, facts_of("ibxl50010")), WcsName.parse("IDC_x-FIT_SKYDB_gaia"))
        session.commit()
    (row,) = rows(store, "SELECT * FROM v_footprints")
    assert (row["version"], row["wcs_name"]) == (2, "IDC_x-FIT_SKYDB_gaia")
    assert (row["ra_deg"], row["dec_deg"]) == pytest.approx(HERE, abs=1e-6)
    row = obscore(store, "ibxl50010")
    assert row["s_dec"] == pytest.approx(HERE[1], abs=1e-6)
    assert row["obs_publisher_did"] == "mast:HST/product/ibxl50010_drz.fits#version=2"
    assert row["access_url"] is None


def test_a_fit_that_waits_moves_no_footprint(store):
    with store.writing() as session:
        sky = Observatory(session)
        product = sky.expose("ibxl50aaq", wcs_of(box(HERE)))
        proposal = wcs_of(box(NORTH), key="")
        session.add(AlignmentSolution.found(product.versions[0], sky.activity, proposal))
        session.commit()
    assert [row["dec_deg"] for row in rows(store, "SELECT dec_deg FROM v_footprints")] == [
        pytest.approx(HERE[1], abs=1e-6)
    ]


def test_the_middle_of_a_footprint_is_right_everywhere(store):
    places = {"ibxl50aaq": (0.0, 0.0), "ibxl50abq": (359.9, 10.0),
              "ibxl50acq": (123.0, 90.0), "ibxl50adq": (40.0, -89.99)}  # fmt: skip
    with store.writing() as session:
        sky = Observatory(session)
        for name, place in places.items():
            sky.expose(name, wcs_of(box(place)))
        session.commit()
    for row in rows(store, "SELECT rootname, ra_deg, dec_deg, x, y, z FROM v_footprints"):
        found = unit_vectors(np.array([[row["ra_deg"], row["dec_deg"]]]))[0]
        assert found == pytest.approx([row["x"], row["y"], row["z"]], abs=1e-14)
        wanted = unit_vectors(np.array([places[row["rootname"]]]))[0]
        assert found == pytest.approx(wanted, abs=1e-7)
        assert 0 <= row["ra_deg"] < 360


def test_an_exposure_in_the_words_of_obscore(store):
    with store.writing() as session:
        sky = Observatory(session)
        quality = FitQuality(30, 6.0, 8.0, "rscale")
        wcs = wcs_of(box(HERE))
        wcs = type(wcs)(wcs.key, wcs.name, wcs.chips, quality=quality)
        sky.expose("ibxl50aaq", wcs, expend_mjd=56244.6)
        session.commit()
    row = obscore(store)
    assert {name: row[name] for name in (
        "dataproduct_type", "calib_level", "obs_collection", "obs_publisher_did", "access_url",
        "access_format", "access_estsize", "target_name", "s_xel1", "s_xel2", "t_min", "t_max",
        "t_exptime", "em_xel", "t_xel", "pol_xel", "o_ucd", "facility_name", "instrument_name",
        "proposal_id", "filter",
    )} == {
        "dataproduct_type": "image", "calib_level": 2, "obs_collection": "HST",
        "obs_publisher_did": "mast:HST/product/ibxl50aaq_flt.fits",
        "access_url": "https://mast.stsci.edu/api/v0.1/Download/file"
        "?uri=mast:HST/product/ibxl50aaq_flt.fits",
        "access_format": "image/fits", "access_estsize": 10, "target_name": "HORSEHEAD",
        "s_xel1": 1014, "s_xel2": 1014, "t_min": 56244.5, "t_max": 56244.6, "t_exptime": 502.9,
        "em_xel": 1, "t_xel": 1, "pol_xel": 0, "o_ucd": "phot.count", "facility_name": "HST",
        "instrument_name": "WFC3/IR", "proposal_id": "12812", "filter": "F160W",
    }  # fmt: skip
    assert (row["s_ra"], row["s_dec"]) == pytest.approx(HERE, abs=1e-6)
    assert row["s_fov"] == pytest.approx(0.036 * np.sqrt(2), rel=1e-4)
    assert row["s_region"].startswith("POLYGON ICRS 85.")
    assert row["s_pixel_scale"] == pytest.approx(0.128)
    assert row["s_stat_error"] == pytest.approx(np.sqrt((36 + 64) / 2) / 1000)
    assert (row["em_min"], row["em_max"]) == pytest.approx((1.40275e-6, 1.67105e-6))
    assert row["em_res_power"] == pytest.approx(15369 / 2683)


def test_all_chips_are_in_one_region_and_one_field_of_view(store):
    expose(store, "ibxl50aaq", wcs_of(box(HERE), box(NORTH)), kind="flc")
    row = obscore(store)
    assert row["s_region"].startswith("UNION ICRS (POLYGON 85.")
    outlines = parse_polygons_deg(row["s_region"])
    assert [outline.shape for outline in outlines] == [(4, 2), (4, 2)]
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((85.25, -2.44), abs=1e-6)
    corners = unit_vectors(np.vstack(outlines))
    middle = unit_vectors(np.array([[row["s_ra"], row["s_dec"]]]))[0]
    reach = np.degrees(2 * np.arcsin(np.linalg.norm(corners - middle, axis=1).max() / 2))
    assert 2 * reach <= row["s_fov"] + 1e-9
    assert row["s_fov"] == pytest.approx(0.04 + 0.036 * np.sqrt(2), rel=1e-3)


def test_an_exposure_whose_end_is_not_known_ends_after_its_exposure_time(store):
    expose(store, "ibxl50aaq", wcs_of(box(HERE)))
    assert obscore(store)["t_max"] == pytest.approx(56244.5 + 502.9 / 86400, abs=1e-9)


def test_a_drizzled_product_has_the_times_and_filter_of_its_exposures(store):
    with store.writing() as session:
        sky = Observatory(session)
        sky.expose("ibxl50aaq", wcs_of(box(HERE)), expstart_mjd=56244.5)
        sky.expose("ibxl50abq", wcs_of(box(HERE)), expstart_mjd=56244.6, exptime_s=100.0)
        sky.drizzle("ibxl50010", ["ibxl50zzq", "ibxl50aaq", "ibxl50abq"], wcs_of(box(HERE)))
        session.commit()
    row = obscore(store, "ibxl50010")
    assert (row["calib_level"], row["rootname"], row["filter"]) == (3, None, "F160W")
    assert (row["t_min"], row["t_exptime"]) == (56244.5, pytest.approx(602.9))
    assert row["t_max"] == pytest.approx(56244.6 + 100 / 86400, abs=1e-9)
    assert row["em_min"] is not None


def test_what_is_not_known_is_null(store):
    expose(store, "ibxl50aaq", wcs_of(box(HERE)), filters="F999W", target_name=None)
    expose(store, "ibxl51abq", wcs_of(), filters="F606W;POL0V")
    row = obscore(store)
    assert [row[name] for name in ("em_min", "em_max", "em_res_power", "s_stat_error",
                                   "s_resolution", "pol_states")] == [None] * 6  # fmt: skip
    row = obscore(store, "ibxl51abq")
    assert [row[name] for name in ("s_ra", "s_dec", "s_fov", "s_region", "s_xel1")] == [None] * 5


def test_every_passband_is_a_filter_with_a_source(store):
    found = rows(store, "SELECT * FROM passbands")
    assert len(found) > 80
    for row in found:
        assert 0.1e-6 < row["em_min_m"] < row["em_max_m"] < 2.6e-6
        assert "Instrument Handbook" in row["source"]
        # The number in a name is the middle: nm, or 10 nm in the infrared. A long-pass is wide.
        number = int("".join(c for c in row["filter_name"] if c.isdigit()))
        infrared = row["instrument"] == "NICMOS" or row["detector"] == "IR"
        middle = (row["em_min_m"] + row["em_max_m"]) / 2 * (1e8 if infrared else 1e9)
        assert "LP" in row["filter_name"] or abs(number - middle) < 0.09 * middle, row


def test_a_name_is_looked_up_without_reading_the_whole_ledger(store):
    asked = ["SELECT * FROM v_footprints WHERE rootname = 'ibxl50aaq'",
             "SELECT * FROM ivoa_obscore WHERE product = 'ibxl50aaq_flt.fits'"]  # fmt: skip
    is_sqlite = store.engine.dialect.name == "sqlite"
    with store.engine.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement in asked:
            explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            plan = connection.exec_driver_sql(explain + statement).fetchall()
            names = ("uq_exposures_rootname", "uq_products_filename", "autoindex")
            assert any(name in str(plan) for name in names)
            scans = [line for line in plan if line[-1].startswith("SCAN ")]
            assert not scans, scans
