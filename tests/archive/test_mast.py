"""Questions to MAST, asked through the real astroquery of an archive on loopback."""

import logging
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.archive.mast import MastClient, MastProduct, MastQuery
from skydb.errors import ArchiveError, NotFoundError, UsageError
from skydb.simulate.archive import LoopbackArchive
from tests.archive.fixtures import FILES, FLT, archive, server

__all__ = ["archive", "server"]

TOKEN = "0123456789abcdef-secret"


def client_of(archive: LoopbackArchive, **options: object) -> MastClient:
    return MastClient(archive.url, first_wait_s=0.01, timeout_s=5, **options)


def names(products: list[MastProduct]) -> list[str]:
    return [product.filename for product in products]


def test_a_wildcard_finds_the_exposures_of_several_visits(archive: LoopbackArchive) -> None:
    found = client_of(archive).products(MastQuery(("ibxl5*",)))
    assert names(found) == [f"{rootname}_flt.fits" for rootname in FILES]
    assert {(one.kind, one.project) for one in found} == {("FLT", "CALWF3")}
    assert all(
        one.size_bytes == len(archive.holdings.content(one.filename).read()) for one in found
    )


def test_several_wildcards_are_several_queries_and_each_file_comes_once(
    archive: LoopbackArchive,
) -> None:
    found = client_of(archive).products(MastQuery(("IBXL50*", "ibxl5*", "ibxl51020")))
    assert names(found) == [f"{rootname}_flt.fits" for rootname in FILES]


def test_the_project_tells_pipelines_apart(archive: LoopbackArchive) -> None:
    found = client_of(archive).products(MastQuery(("i*",), project="HAP-SVM"))
    assert len(found) == 4
    assert all(one.filename.startswith("hst_") and one.project == "HAP-SVM" for one in found)


def test_without_a_kind_all_fits_files_are_found_and_no_previews(archive: LoopbackArchive) -> None:
    found = client_of(archive).products(MastQuery(("i*",), products=(), project=None))
    assert {one.kind for one in found} >= {"FLT", "RAW", "ASN"}
    assert all(one.filename.endswith(".fits") for one in found)


def test_filter_proposal_and_instrument_choose_too(archive: LoopbackArchive) -> None:
    client = client_of(archive)
    everything = client.products(MastQuery(("i*",)))
    row = archive.holdings.observations[0]
    same = MastQuery(
        proposal_id=int(row["proposal_id"]), filters=row["filters"], instrument="WFC3/IR"
    )
    assert client.products(same) == everything
    with pytest.raises(NotFoundError, match="proposal_id=1,"):
        client.products(MastQuery(proposal_id=1))


def test_a_query_for_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="No observations to fetch"):
        MastClient("http://127.0.0.1:9").products(MastQuery())


def test_nothing_of_the_kind_says_what_there_is(archive: LoopbackArchive) -> None:
    with pytest.raises(NotFoundError, match=r"no file with .*products=DRC") as caught:
        client_of(archive).products(MastQuery(("i*",), products=("DRC",)))
    assert "FLT of CALWF3" in str(caught.value)


@pytest.mark.parametrize("products", [("FLT", "XYZ"), ("xyz", "flt"), ("FLT", "DRX", "DRZ")])
def test_a_word_that_is_no_kind_of_file_is_refused_beside_others(
    archive: LoopbackArchive, products: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"(?i)no (xyz|drx) among these files") as caught:
        client_of(archive).products(MastQuery(("i*",), products=products))
    assert "ASN, FLT" in str(caught.value)


@pytest.mark.parametrize("products", [("FLT", "FLC"), ("flt", "raw"), ("FLT", "DRC", "HLET")])
def test_kinds_that_a_camera_does_not_have_may_stand_beside_others(
    archive: LoopbackArchive, products: tuple[str, ...]
) -> None:
    found = client_of(archive).products(MastQuery(("i*",), products=products, project=None))
    assert {one.kind for one in found} <= {one.upper() for one in products}


def test_an_empty_answer_is_not_found(archive: LoopbackArchive) -> None:
    archive.misbehave("empty", service="portal")
    with pytest.raises(NotFoundError, match="no HST observation with obs_ids=i"):
        client_of(archive).products(MastQuery(("i*",)))


def test_observations_that_are_kept_back_without_a_word_are_missed(
    archive: LoopbackArchive,
) -> None:
    archive.misbehave("row_cap", service="portal", rows=1)
    with pytest.raises(ArchiveError, match=r"gave 1 of the [2-9] observations"):
        client_of(archive).products(MastQuery(("i*",)))


def test_a_service_that_recovers_is_asked_again(archive: LoopbackArchive) -> None:
    archive.misbehave("http_error", service="portal", times=2)
    assert len(client_of(archive).products(MastQuery(("i*",)))) == 4


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"fault": "http_error"}, "MAST: answered 503"),
        ({"fault": "down"}, "MAST: cannot be reached"),
        ({"fault": "slow", "delay_s": 2.0}, "MAST: did not answer in time"),
        ({"fault": "dropped", "after_bytes": 10}, "MAST: broke its answer off"),
    ],
)
def test_a_service_that_does_not_recover_is_an_error_that_says_so(
    archive: LoopbackArchive, fault: dict[str, object], said: str
) -> None:
    archive.misbehave(**fault, service="portal")
    client = MastClient(archive.url, first_wait_s=0.01, timeout_s=0.3, attempts=2)
    with pytest.raises(ArchiveError, match=said) as caught:
        client.products(MastQuery(("i*",)))
    assert archive.url in str(caught.value)


def test_a_refusal_is_not_repeated(archive: LoopbackArchive) -> None:
    archive.misbehave("http_error", service="portal", status=404)
    with pytest.raises(ArchiveError, match="answered 404"):
        client_of(archive).products(MastQuery(("i*",)))
    assert archive.stats().requests["portal"] == 1


def test_a_service_that_is_not_there_is_an_error(archive: LoopbackArchive) -> None:
    archive.stop()
    with pytest.raises(ArchiveError, match="cannot be reached"):
        client_of(archive, attempts=1).products(MastQuery(("i*",)))


def test_the_clients_of_astroquery_stay_as_they_are(archive: LoopbackArchive) -> None:
    from astroquery.mast import Observations, conf
    from astroquery.mast.discovery_portal import PortalAPI

    before = (conf.server, PortalAPI.MAST_REQUEST_URL, dict(PortalAPI._column_configs))
    cookies = dict(Observations._session.cookies)
    client_of(archive, token=TOKEN).products(MastQuery(("i*",)))
    assert (conf.server, PortalAPI.MAST_REQUEST_URL, dict(PortalAPI._column_configs)) == before
    assert dict(Observations._session.cookies) == cookies
    assert "127.0.0.1" not in Observations._portal_api_connection.MAST_REQUEST_URL


def test_a_token_is_passed_on_and_never_logged(
    archive: LoopbackArchive, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from astroquery import log

    log.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            client_of(archive, token=TOKEN).products(MastQuery(("i*",)))
    finally:
        log.setLevel(logging.INFO)
    assert archive.stats().with_token == archive.stats().requests["portal"] > 0
    said = capfd.readouterr()
    assert TOKEN not in caplog.text + said.out + said.err


def test_a_token_goes_to_no_other_host(archive: LoopbackArchive) -> None:
    session = MastClient("http://mast.example.org", token=TOKEN).open_session()
    url = f"{archive.url}/api/v0.1/Download/file?uri=mast:HST/product/{FLT}"
    assert session.get(url).ok
    assert archive.stats().requests["download"] == 1
    assert archive.stats().with_token == 0


def test_a_token_that_slips_into_a_text_is_hidden() -> None:
    assert MastClient(token=TOKEN).redact(f"cookie {TOKEN}!") == "cookie [token]!"


def test_warnings_of_other_threads_are_not_touched(archive: LoopbackArchive) -> None:
    filters = list(warnings.filters)
    client_of(archive).products(MastQuery(("i*",)))
    assert list(warnings.filters) == filters


def test_hostile_names_are_listed_with_what_is_wrong_with_them(archive: LoopbackArchive) -> None:
    archive.misbehave("hostile_names")
    found = client_of(archive).products(MastQuery(("i*",)))
    assert [one for one in found if one.name_problem is None and not one.is_fits] == []
    assert sum(one.name_problem is not None for one in found) == 6


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        (FLT, "ibxl50clq"),
        ("ibxl50020_drz.fits", "ibxl50020"),
        ("hst_12812_50_wfc3_ir_f160w_ibxl50cl_flt.fits", "hst_12812_50_wfc3_ir_f160w_ibxl50cl"),
        ("w3m18525i.fits", "w3m18525i"),
    ],
)
def test_the_directory_of_a_file_is_its_rootname(name: str, directory: str) -> None:
    product = MastProduct("mast:x", name)
    assert product.name_problem is None
    assert product.directory == directory


@given(st.text(max_size=300))
def test_a_name_that_is_taken_is_one_part_of_a_path(name: str) -> None:
    product = MastProduct("mast:x", name)
    if product.name_problem is None:
        assert not set(name) & set("/\\\0 ")
        assert name not in ("", ".", "..") and len(name) <= 200
        assert product.directory not in ("", ".", "..")
