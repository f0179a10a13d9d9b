"""WCS names that drizzlepac would stumble over, read as the domain reads them."""

import sys
from types import ModuleType

import pytest

from skydb.domain.values import WcsName
from skydb.drizzle.tasks.names import skydb_names_understood
from skydb.drizzle.wcstypes import wcs_type_of


@pytest.fixture
def updatehdr(monkeypatch):
    """A module in the place of drizzlepac's, which would take seconds to import."""
    package, module = ModuleType("drizzlepac"), ModuleType("drizzlepac.updatehdr")
    module.interpret_wcsname_type = lambda name: f"real {name}"
    package.updatehdr = module
    monkeypatch.setitem(sys.modules, "drizzlepac", package)
    monkeypatch.setitem(sys.modules, "drizzlepac.updatehdr", module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "IDC_w3m18525i-FIT_SKYDB_GAIADR3",
        "idc_w3m18525i-fit_skydb_gaia-dr3 ",
        "IDC_w3m18525i-FIT_SKYDB",
        "IDC_w3m18525i-FIT_REL_GAIAeDR3",
        "IDC_w3m18525i-GSC240",
        "IDC_w3m18525i",
        "OPUS",
        "TWEAK_FIT_SKYDB_x",
        "",
    ],
)
def test_only_names_of_fits_by_skydb_are_answered_here(updatehdr, name):
    parsed = WcsName.parse(name)
    ours = (parsed.scope or "").upper() == "SKYDB"
    expected = wcs_type_of(parsed.catalog or "") if ours else f"real {name}"
    with skydb_names_understood():
        assert updatehdr.interpret_wcsname_type(name) == expected
    assert updatehdr.interpret_wcsname_type(name) == f"real {name}"
