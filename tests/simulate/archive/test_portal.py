"""MAST's portal, through the real astroquery."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astroquery.exceptions import InvalidQueryError, NoResultsWarning, RemoteServiceError

from skydb.simulate.archive.holdings import Holdings


def test_a_wildcard_finds_the_associations(mast, truth):
    found = mast.query_criteria(obs_id="ibxl5*", proposal_id="12812", filters="F160W")
    assert list(found["obs_id"]) == [visit.asn_id for visit in truth.visits]
    assert set(found["project"]) == {"HST"}
    assert set(found["instrument_name"]) == {"WFC3/IR"}


def test_upper_case_and_a_wildcard_in_the_middle_find_them_too(mast):
    assert len(mast.query_criteria(obs_id="IBXL*030", target_name="horse*")) == 2


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({"obs_id": ["ibxl50030", "ibxl51030"]}, 2),
        ({"obs_id": "ibxl50030"}, 1),
        ({"proposal_id": "12812"}, 4),
        ({"proposal_id": 12812, "project": "HAP"}, 2),
        ({"proposal_id": "12812", "project": "hst"}, 2),
        ({"obs_collection": "HST", "filters": ["F110W", "F160W"]}, 4),
        ({"obs_collection": "HST", "filters": "F110W"}, 0),
        ({"dataproduct_type": "spectrum"}, 0),
        ({"proposal_id": "12812", "t_min": [56232.0, 56233.0]}, 4),
        ({"proposal_id": "12812", "t_min": [56242.0, 56243.0]}, 0),
        ({"project": "HST", "coordinates": "85.26 -2.46", "radius": "0.1 deg"}, 2),
        ({"project": "HST", "coordinates": "85.26 12.46", "radius": "0.1 deg"}, 0),
    ],
)
@pytest.mark.filterwarnings("ignore:Coordinate string is being interpreted")
def test_criteria_select_and_are_counted(mast, criteria, count):
    assert mast.query_criteria_count(**criteria) == count


def test_a_region_is_searched(mast):
    centre = SkyCoord(85.26, -2.46, unit="deg")
    assert len(mast.query_region(centre, radius="0.1 deg")) == 4


def test_results_come_in_pages(mast):
    everything = mast.query_criteria(proposal_id="12812")
    paged = mast.query_criteria(proposal_id="12812", pagesize=3)
    second = mast.query_criteria(proposal_id="12812", pagesize=3, page=2)
    assert list(paged["obs_id"]) == list(everything["obs_id"])
    assert list(second["obs_id"]) == list(everything["obs_id"][3:])


def test_nothing_found_is_a_warning_of_the_client(mast):
    with pytest.warns(NoResultsWarning):
        assert len(mast.query_criteria(obs_id="jbxl*")) == 0


def test_the_client_knows_the_columns(mast):
    with pytest.raises(InvalidQueryError, match="does not exist"):
        mast.query_criteria(obs_idd="ibxl5*")


def test_products_are_those_of_the_observation_with_the_sizes_of_the_files(mast, truth, archived):
    products = mast.get_product_list(mast.query_criteria(obs_id="ibxl50030"))
    wanted = mast.filter_products(
        products, productSubGroupDescription=["FLT", "DRZ"], project="CALWF3", extension="fits"
    )
    first = truth.visits[0]
    members = [truth.exposure(rootname).path for rootname in first.members]
    assert list(wanted["productFilename"]) == [*members, first.product]
    sizes = [(archived / name).stat().st_size for name in wanted["productFilename"]]
    assert list(wanted["size"]) == sizes
    assert set(wanted["productType"]) == {"SCIENCE"}
    assert len(set(wanted["obsID"])) == len(wanted)
    assert set(wanted["parent_obsid"]) == {"24100000"}


def test_filters_matter_for_there_are_products_that_nobody_wants(mast):
    products = mast.get_product_list(mast.query_criteria(obs_id="ibxl5*"))
    groups = np.ma.filled(products["productSubGroupDescription"].astype(str), "")
    assert {"FLT", "DRZ", "RAW", "ASN", "LOG"} <= set(groups)
    assert set(products["project"]) == {"CALWF3", "HAP-SVM"}
    hap = mast.filter_products(
        products, productSubGroupDescription="DRZ", project="HAP-SVM", mrp_only=True
    )
    assert list(hap["productFilename"]) == ["hst_12812_50_wfc3_ir_f160w_ibxl50_drz.fits"]


def test_both_observations_of_a_visit_list_its_hap_products_once_each(mast):
    products = mast.get_product_list(mast.query_criteria(proposal_id="12812"))
    uris = list(products["dataURI"])
    assert len(uris) > len(set(uris))
    assert len(mast.get_unique_product_list(["24100000", "24600000"])) == len(
        mast.get_product_list("24100000")
    )


def test_real_files_are_downloaded(mast, archive, truth, archived, tmp_path):
    products = mast.get_product_list("24100000")
    names = [truth.exposure(rootname).path for rootname in truth.visits[0].members]
    manifest = mast.download_products(
        products, download_dir=str(tmp_path), productFilename=names, verbose=False
    )
    assert list(manifest["Status"]) == ["COMPLETE", "COMPLETE"]
    for row in manifest:
        local = Path(row["Local Path"])
        assert local.read_bytes() == (archived / local.name).read_bytes()
    assert archive.stats().requests["download"] == 4
    assert archive.stats().bytes_sent == sum((archived / name).stat().st_size for name in names)


@pytest.mark.parametrize(
    "text",
    ["", "request=nonsense", "request={}", 'request={"service":"Mast.Other","params":{}}'],
)
def test_a_bad_request_is_answered_with_an_error(archive, text):
    answer = requests.post(f"{archive.url}/api/v0/invoke", data=text, timeout=300)
    assert answer.json()["status"] == "ERROR"


def test_astroquery_reports_the_error_of_an_unknown_service(mast):
    with pytest.raises(RemoteServiceError, match="no service"):
        mast._portal_api_connection.service_request("Mast.Other", {"ra": 1})


def test_a_criterion_on_an_unknown_column_is_an_error(archive):
    query = {
        "service": "Mast.Caom.Filtered",
        "params": {"filters": [{"paramName": "colour", "values": ["red"]}]},
    }
    answer = requests.post(
        f"{archive.url}/api/v0/invoke", data={"request": json.dumps(query)}, timeout=300
    )
    assert "no column colour" in answer.json()["msg"]


def test_an_exposure_is_of_the_kind_that_its_detector_makes(field):
    directory, truth, plan = field
    holdings = Holdings.of(directory)
    rows = holdings.products([holdings.observations[0]["obsid"]])
    found = {row["productSubGroupDescription"] for row in rows if row["productType"] == "SCIENCE"}
    assert found == {"RAW", "FLT" if plan.detector == "IR" else "FLC"}
    chips = holdings.observations[0]["s_region"].count("POLYGON")
    assert chips == len(truth.exposures[0].chips)
