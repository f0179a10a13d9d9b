"""The name of an accepted fit says the distortion of the contents, whatever was made of them."""

from types import SimpleNamespace

import pytest

from skydb.domain.values import WcsName
from skydb.domain.vocabulary import SolutionStatus
from skydb.errors import StateError
from skydb.services.alignment.accepting import free_name


def solution(name):
    told = WcsName.parse(name)
    status = SolutionStatus.APPLIED
    return SimpleNamespace(wcs_name=name, distortion=told.distortion, status=status)


def version(found=(), applied=(), earlier=()):
    one = SimpleNamespace(
        delivery=1,
        solutions=[solution(name) for name in found],
        applied_solutions=[solution(name) for name in applied],
        filename="ibxl50clq_flt.fits",
    )
    one.product = SimpleNamespace(versions=[*earlier, one])
    return one


def test_a_version_that_holds_an_accepted_fit_alone_keeps_its_distortion_in_the_name() -> None:
    came = version(found=["IDC_w3m18525i-FIT_REL_GAIAeDR3"])
    moved = version(applied=["IDC_w3m18525i-FIT_SKYDB_gaia"], earlier=[came])
    assert free_name(moved, [moved], "gsc242") == "IDC_w3m18525i-FIT_SKYDB_gsc242"
    carried = version(earlier=[came, moved])
    assert free_name(version(), [carried], "gsc242") == "IDC_w3m18525i-FIT_SKYDB_gsc242"


def test_a_name_without_a_distortion_does_not_hide_one() -> None:
    came = version(found=["IDC_w3m18525i"])
    unknown = version(found=["IDC_unknown-FIT_SKYDB_gaia"], earlier=[came])
    assert free_name(unknown, [unknown], "gaia") == "IDC_w3m18525i-FIT_SKYDB_gaia"


def test_where_nobody_named_a_distortion_it_is_unknown() -> None:
    one = version(found=["TWEAK"])
    assert free_name(one, [one], "gaia") == "IDC_unknown-FIT_SKYDB_gaia"


def test_the_second_fit_to_a_catalogue_has_a_two_in_its_name() -> None:
    taken = ["IDC_w3m18525i-FIT_SKYDB_gaia"]
    for number in (2, 3):
        one = version(found=taken)
        assert free_name(one, [one], "gaia") == f"IDC_w3m18525i-FIT_SKYDB_gaia-{number}"
        taken.append(f"IDC_w3m18525i-fit_skydb_gaia-{number}")


def test_a_long_name_is_cut_so_that_its_number_has_room() -> None:
    base = "IDC_w3m18525i-FIT_SKYDB_gaiadr3of2016012"
    taken = [version(found=["IDC_w3m18525i"])]
    given = []
    for _ in range(26):
        given.append(free_name(taken[-1], taken, "gaiadr3of20160125"))
        taken.append(version(found=given[-1:]))
    assert given[:2] == [base, "IDC_w3m18525i-FIT_SKYDB_gaiadr3of2016-2"]
    assert given[-1] == "IDC_w3m18525i-FIT_SKYDB_gaiadr3of2016-26"
    assert len(set(given)) == 26
    assert max(map(len, given)) == len(base) == 40
    with pytest.raises(StateError, match="too many solutions"):
        free_name(taken[-1], taken, "gaiadr3of20160125")
