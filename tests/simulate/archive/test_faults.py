"""Each misbehaviour does what it says, and no more."""

from __future__ import annotations

import time
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead

import astropy.units as u
import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astroquery.exceptions import NoResultsWarning

from skydb.errors import UsageError
from skydb.simulate.archive import HOSTILE_NAMES, Fault, Misbehaviour, Service
from skydb.simulate.archive.faults import APPLIES

CENTRE = SkyCoord(85.26, -2.46, unit="deg")


@pytest.fixture
def content(archived, flt) -> bytes:
    return (archived / flt).read_bytes()


@pytest.fixture
def addresses(archive, file_url) -> dict[Service, str]:
    """One address of each service that answers a GET with a body."""
    return {
        Service.DOWNLOAD: file_url,
        Service.GSSS: f"{archive.url}/vo/CatalogSearch.aspx?RA=85.26&DEC=-2.46&SR=0.1"
        "&FORMAT=CSV&CAT=GAIAedr3",
        Service.GAIA: f"{archive.url}/tap-server/tap/sync?FORMAT=csv"
        "&QUERY=SELECT+ra+FROM+gaiadr3.gaia_source",
    }


def gsss(archive, **query) -> list[str]:
    """Rows of the catalogue service."""
    cone = {"RA": 85.26, "DEC": -2.46, "SR": 0.1, "FORMAT": "CSV", "CAT": "GAIAedr3"}
    answer = requests.get(f"{archive.url}/vo/CatalogSearch.aspx", params=cone | query, timeout=300)
    return answer.text.split("\r\n")[2:-1]


@pytest.mark.parametrize("service", [Service.DOWNLOAD, Service.GSSS, Service.GAIA])
def test_a_service_fails_so_often_and_then_behaves(archive, addresses, service):
    archive.misbehave(Fault.HTTP_ERROR, service=service, status=502, times=2)
    codes = [requests.get(addresses[service], timeout=300).status_code for _ in range(3)]
    assert codes == [502, 502, 200]
    assert archive.stats().faults == {"http_error": 2}
    assert archive.stats().requests[service] == 3


def test_astroquery_meets_an_error_of_the_portal(archive, mast):
    archive.misbehave(Fault.HTTP_ERROR, service="portal", times=1)
    with pytest.raises(requests.HTTPError, match="503"):
        mast.query_criteria(proposal_id="12812")
    assert len(mast.query_criteria(proposal_id="12812")) == 4


def test_a_fault_of_one_file_leaves_the_others_alone(archive, file_url, truth, flt):
    archive.misbehave("http_error", product=flt)
    assert requests.get(file_url, timeout=300).status_code == 503
    other = file_url.replace(flt, truth.exposures[1].path)
    assert requests.get(other, timeout=300).status_code == 200


@pytest.mark.parametrize("service", [Service.DOWNLOAD, Service.GSSS, Service.GAIA])
def test_a_service_that_is_down_gives_no_answer(archive, addresses, service):
    archive.misbehave(Fault.DOWN, service=service)
    with pytest.raises(requests.ConnectionError):
        requests.get(addresses[service], timeout=300)
    others = set(addresses) - {service}
    assert {requests.get(addresses[other], timeout=300).status_code for other in others} == {200}


def until_it_breaks(url: str) -> tuple[bytes, int]:
    """Read a body until its connection is closed, and its announced length."""
    host, _, path = url.removeprefix("http://").partition("/")
    with closing(HTTPConnection(host, timeout=300)) as connection:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        announced = int(answer.headers["Content-Length"])
        with pytest.raises(IncompleteRead) as broken:
            answer.read()
    return broken.value.partial, announced


@pytest.mark.parametrize("service", [Service.DOWNLOAD, Service.GSSS, Service.GAIA])
def test_a_connection_is_dropped_in_the_middle_of_a_body(archive, addresses, service):
    archive.misbehave(Fault.DROPPED, service=service, times=1)
    received, announced = until_it_breaks(addresses[service])
    whole = requests.get(addresses[service], timeout=300).content
    assert announced == len(whole)
    assert received == whole[: len(whole) // 2]


def test_the_rest_of_a_dropped_file_can_be_fetched(archive, file_url, content, flt):
    archive.misbehave(Fault.DROPPED, product=flt, after_bytes=1000, times=1)
    requests.head(file_url, timeout=300)
    received, _ = until_it_breaks(file_url)
    assert received == content[:1000]
    assert archive.stats().of(flt).bytes_sent == 1000
    rest = requests.get(file_url, headers={"Range": "bytes=1000-"}, timeout=300)
    assert received + rest.content == content
    assert archive.stats().of(flt).bytes_sent == len(content)


def test_requests_notices_that_a_connection_was_dropped(archive, file_url):
    archive.misbehave(Fault.DROPPED)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(file_url, timeout=300)


def test_an_answer_comes_late(archive, addresses):
    archive.misbehave(Fault.SLOW, service="gsss", delay_s=0.3, times=1)
    began_s = time.monotonic()
    assert requests.get(addresses[Service.GSSS], timeout=300).ok
    assert time.monotonic() - began_s >= 0.3
    archive.misbehave(Fault.SLOW, service="gsss", delay_s=60)
    with pytest.raises(requests.Timeout):
        requests.get(addresses[Service.GSSS], timeout=0.2)


@pytest.mark.parametrize("later", [Fault.HTTP_ERROR, Fault.DOWN, Fault.TRUNCATED])
def test_a_client_that_gave_up_uses_up_no_fault_of_the_next_one(archive, file_url, flt, later):
    archive.misbehave(Fault.SLOW, product=flt, delay_s=0.6, times=1)
    with pytest.raises(requests.Timeout):
        requests.get(file_url, timeout=0.1)
    archive.misbehave(later, product=flt, times=1)
    time.sleep(1.0)
    assert archive.stats().faults == {"slow": 1}
    assert archive._misbehaviours.peek((later,), Service.DOWNLOAD, (flt,)) is not None


def test_a_body_comes_slowly_and_whole(archive, file_url, content, flt):
    archive.misbehave(Fault.SLOW, product=flt, bytes_per_s=len(content) / 0.5)
    began_s = time.monotonic()
    assert requests.get(file_url, timeout=300).content == content
    assert 0.4 <= time.monotonic() - began_s < 60


def test_nothing_more_is_sent_to_a_client_that_went_away(archive, file_url, content, flt):
    archive.misbehave(Fault.SLOW, product=flt, bytes_per_s=10_000)
    with requests.get(file_url, stream=True, timeout=300) as answer:
        answer.raw.read(500)
    before, sent = -1, 0
    while before != sent:
        time.sleep(0.3)
        before, sent = sent, archive.stats().of(flt).bytes_sent
    assert sent < len(content)


def test_a_truncated_file_is_a_whole_answer(archive, file_url, content, flt):
    archive.misbehave(Fault.TRUNCATED, product=flt, times=1)
    head, answer = requests.head(file_url, timeout=300), requests.get(file_url, timeout=300)
    assert answer.content == content[: len(content) // 2]
    assert int(head.headers["Content-Length"]) == len(answer.content)
    assert requests.get(file_url, timeout=300).content == content


def test_a_file_is_cut_where_it_is_wanted(archive, file_url, content, flt):
    archive.misbehave(Fault.TRUNCATED, product=flt, after_bytes=2880)
    assert requests.get(file_url, timeout=300).content == content[:2880]
    rest = requests.get(file_url, headers={"Range": "bytes=2880-"}, timeout=300)
    assert rest.status_code == 416


def test_wrong_content_has_the_right_size(archive, file_url, content, flt):
    archive.misbehave(Fault.WRONG_CONTENT, product=flt, times=1)
    found = requests.get(file_url, timeout=300).content
    assert len(found) == len(content)
    assert found.startswith(b"<html>")


def test_a_corrupted_file_differs_in_one_byte(archive, file_url, content, flt):
    archive.misbehave(Fault.CORRUPTED, product=flt, times=1)
    found = np.frombuffer(requests.get(file_url, timeout=300).content, np.uint8)
    assert np.count_nonzero(found != np.frombuffer(content, np.uint8)) == 1


def test_astroquery_takes_wrong_content_for_complete(archive, mast, flt, tmp_path):
    archive.misbehave(Fault.WRONG_CONTENT, product=flt)
    products = mast.filter_products(mast.get_product_list("24100000"), productFilename=flt)
    manifest = mast.download_products(products, download_dir=str(tmp_path), verbose=False)
    assert list(manifest["Status"]) == ["COMPLETE"]


def test_an_empty_file_has_no_bytes(archive, file_url, flt):
    archive.misbehave(Fault.EMPTY, product=flt)
    assert requests.get(file_url, timeout=300).content == b""


def test_the_product_list_announces_a_wrong_size(archive, mast, content, flt):
    archive.misbehave(Fault.WRONG_SIZE, product=flt, times=1)
    wrong, right = mast.get_product_list("24100000"), mast.get_product_list("24100000")
    differing = wrong["size"] != right["size"]
    assert list(wrong["productFilename"][differing]) == [flt]
    assert list(wrong["size"][differing]) == [len(content) + 2880]
    archive.misbehave(Fault.WRONG_SIZE, size=7)
    assert set(mast.get_product_list("24100000")["size"]) == {7}


def test_every_service_can_find_nothing(archive, mast, gaia):
    archive.misbehave(Fault.EMPTY)
    with pytest.warns(NoResultsWarning):
        assert len(mast.query_criteria(proposal_id="12812")) == 0
    with pytest.warns(NoResultsWarning):
        assert len(mast.get_product_list("24100000")) == 0
    assert len(gaia.query_object_async(CENTRE, radius=1 * u.deg)) == 0
    assert gsss(archive) == []


def test_rows_are_withheld_without_a_word(archive, mast, gaia):
    archive.misbehave(Fault.ROW_CAP, rows=2)
    assert len(mast.query_criteria(proposal_id="12812")) == 2
    assert len(gaia.query_object_async(CENTRE, radius=1 * u.deg)) == 2
    assert len(gsss(archive)) == 2


def test_gaia_sends_more_rows_than_the_limit(archive, gaia):
    gaia.ROW_LIMIT = 5
    archive.misbehave(Fault.MORE_ROWS, rows=3)
    assert len(gaia.query_object_async(CENTRE, radius=1 * u.deg)) == 8


def test_a_job_of_gaia_ends_in_error(archive, gaia):
    archive.misbehave(Fault.JOB_ERROR, times=1)
    with pytest.raises(requests.HTTPError, match="could not run"):
        gaia.cone_search_async(CENTRE, radius=1 * u.deg)
    assert len(gaia.cone_search_async(CENTRE, radius=1 * u.deg).get_results()) > 0


def test_gsss_fails_whenever_an_epoch_is_given(archive):
    archive.misbehave(Fault.EPOCH_REFUSED)
    cone = {"RA": 85.26, "DEC": -2.46, "SR": 0.1, "FORMAT": "CSV", "CAT": "GAIAedr3"}
    url = f"{archive.url}/vo/CatalogSearch.aspx"
    refused = requests.get(url, params=cone | {"EPOCH": "2012.8"}, timeout=300)
    assert refused.text.startswith("Error")
    assert len(gsss(archive)) > 0


def test_gsss_claims_an_epoch_that_it_did_not_apply(archive):
    still = [row.split(",") for row in gsss(archive)]
    archive.misbehave(Fault.EPOCH_IGNORED)
    claimed = [row.split(",") for row in gsss(archive, EPOCH="2000.000")]
    assert [row[:-1] for row in claimed] == [row[:-1] for row in still]
    assert {row[-1] for row in claimed} == {"2000.0"}


def test_hostile_names_stand_in_the_product_list_and_can_be_downloaded(archive, mast, content):
    archive.misbehave(Fault.HOSTILE_NAMES, times=1)
    before = mast.get_product_list("24100000")
    names = list(before["productFilename"])
    assert tuple(names[-len(HOSTILE_NAMES) :]) == HOSTILE_NAMES
    assert set(before["productSubGroupDescription"][-len(HOSTILE_NAMES) :]) == {"FLT"}
    assert len(mast.get_product_list("24100000")) == len(before) - len(HOSTILE_NAMES)
    for name in HOSTILE_NAMES:
        answer = requests.get(
            f"{archive.url}/api/v0.1/Download/file",
            params={"uri": f"mast:HST/product/{name}"},
            timeout=300,
        )
        assert answer.content == content


def test_the_hostile_names_are_hostile():
    assert any(name.startswith("../") for name in HOSTILE_NAMES)
    assert any(name.startswith("/") for name in HOSTILE_NAMES)
    assert any("\0" in name for name in HOSTILE_NAMES)
    assert any(len(name) == 5000 for name in HOSTILE_NAMES)


def test_one_may_choose_the_hostile_names(archive, mast, truth):
    product = truth.visits[0].product
    archive.misbehave(Fault.HOSTILE_NAMES, product=product, names=["~/x"])
    last = mast.get_product_list("24100000")[-1]
    assert (last["productFilename"], last["productSubGroupDescription"]) == ("~/x", "DRZ")


def test_misbehaviours_add_up_and_end(archive, file_url, flt):
    archive.misbehave(Fault.SLOW, product=flt, delay_s=0.01)
    archive.misbehave(Fault.EMPTY, product=flt, times=1)
    archive.misbehave(Fault.TRUNCATED, product=flt, after_bytes=3, times=1)
    lengths = [len(requests.get(file_url, timeout=300).content) for _ in range(2)]
    assert lengths == [0, 3]
    assert archive.stats().faults == {"slow": 2, "empty": 1, "truncated": 1}
    archive.behave()
    assert requests.get(file_url, timeout=300).ok
    assert archive.stats().faults["slow"] == 2


def test_every_fault_has_a_service():
    assert set(APPLIES) == set(Fault)
    assert all(APPLIES.values())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fault": "nonsense"},
        {"fault": "slow", "speed": 3},
        {"fault": "slow", "delay_s": "soon"},
        {"fault": "slow", "delay_s": -1},
        {"fault": "slow", "bytes_per_s": 0},
        {"fault": "empty", "times": 0},
        {"fault": "http_error", "status": 200},
        {"fault": "truncated", "after_bytes": -1},
        {"fault": "epoch_refused", "service": "gaia"},
        {"fault": "down", "service": "nowhere"},
        [],
    ],
)
def test_a_misbehaviour_that_makes_no_sense_is_refused(options):
    with pytest.raises(UsageError):
        Misbehaviour.from_json(options)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "dance",
            r"Fault of a misbehaviour: 'dance' is none\. Give http_error, .*job_error\.",
        ),
        ("down,service=mast", "Service of a misbehaviour: 'mast' is none. Give portal, download,"),
        ("down,times=x", r"Times of a misbehaviour: 'x' is none\. Give a number\."),
        ("slow,delay_s=x", "Delay_s of a misbehaviour: 'x' is none"),
    ],
)
def test_a_wrong_word_of_a_misbehaviour_is_told_with_those_that_there_are(text, said):
    with pytest.raises(UsageError, match=said):
        Misbehaviour.from_text(text)


def test_a_misbehaviour_is_read_from_the_command_line():
    found = Misbehaviour.from_text("dropped,product=a_flt.fits,times=2,after_bytes=10")
    assert found == Misbehaviour(fault=Fault.DROPPED, product="a_flt.fits", times=2, after_bytes=10)
    assert Misbehaviour.from_text("down,service=gaia").service is Service.GAIA
