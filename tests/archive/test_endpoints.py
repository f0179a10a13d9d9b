"""Addresses of the services."""

import pytest

from skydb.archive.endpoints import GAIA_URL, GSSS_URL, MAST_URL, Endpoints
from skydb.errors import UsageError


def test_the_real_services_are_the_default() -> None:
    assert Endpoints.from_environment({}) == Endpoints(MAST_URL, GAIA_URL, GSSS_URL)


def test_each_service_can_be_moved_by_its_variable() -> None:
    moved = Endpoints.from_environment(
        {
            "SKYDB_MAST_URL": "http://127.0.0.1:1/",
            "SKYDB_GAIA_URL": "http://127.0.0.1:2/gaia",
            "SKYDB_GSSS_URL": " http://127.0.0.1:3 ",
        }
    )
    assert moved.mast_url == "http://127.0.0.1:1"
    assert moved.gaia_url == "http://127.0.0.1:2/gaia"
    assert moved.gsss_url == "http://127.0.0.1:3"


def test_an_empty_variable_is_none() -> None:
    assert Endpoints.from_environment({"SKYDB_MAST_URL": ""}).mast_url == MAST_URL


@pytest.mark.parametrize(
    "url", ["mast.stsci.edu", "ftp://mast", "http://", "http://x:port", "http://x?y=1", "http://[x"]
)
def test_what_is_no_service_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(UsageError, match="SKYDB_MAST_URL is not the URL"):
        Endpoints(mast_url=url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="carries a user name") as caught:
        Endpoints(gaia_url="https://me:secret@archive")
    assert "secret" not in str(caught.value)
