"""What names of files tell, and what they do not."""

from __future__ import annotations

import pytest

from skydb.domain.vocabulary import ProductKind
from skydb.files.names import exposure_named, product_named


@pytest.mark.parametrize("name", ["ibxl50clq_flt.fits", "dir/JB4M01A1Q_FLC.fits", "u2n9a_flt.fits"])
def test_the_rootname_of_an_exposure_is_in_its_name(name):
    if name.startswith("u2"):
        with pytest.raises(ValueError, match="not named as"):
            exposure_named(name)
    else:
        assert exposure_named(name).text in ("ibxl50clq", "jb4m01a1q")


def test_a_product_has_a_rootname_and_a_kind():
    rootname, kind = product_named("ibxl50030_drz.fits.gz")
    assert (rootname.text, kind) == ("ibxl50030", ProductKind.DRZ)


@pytest.mark.parametrize(
    "name",
    ["horsehead_flt.fits", "f160w_drz.fits", "ibxl50clq_flt_copy.fits", "ibxl50clq.fits", ""],
)
def test_names_that_users_gave_are_not_guessed_at(name):
    with pytest.raises(ValueError, match="not named as the pipeline"):
        product_named(name)


@pytest.mark.parametrize("name", ["ibxl50030_flt.fits", "j8bt06011_crj.fits", "ibxl50clq_drz.fits"])
def test_what_combines_exposures_is_none(name):
    with pytest.raises(ValueError, match="combines several"):
        exposure_named(name)
