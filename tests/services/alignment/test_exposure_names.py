"""A drizzled product is no exposure: whoever names one is told of its exposures."""

from __future__ import annotations

import pytest

from skydb.services.alignment.exposures import _drizzled
from tests.domain.entities import version_of


@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ([], "Name exposures, or leave out --what exposures."),
        (["a"], "Name its exposures (a), or leave out --what exposures."),
        (["a", "b", "c"], "Name its exposures (a, b, c), or leave out --what exposures."),
        (["a", "b", "c", "d"], "Name its exposures (a, b, c, ...), or leave out --what exposures."),
    ],
)
def test_a_drizzled_product_is_refused_with_the_first_of_its_exposures(members, advice) -> None:
    product = version_of("ibxl50010_drz.fits").product
    product.name_members(members)
    error = _drizzled("product:3", product)
    assert "product:3 is a drizzled product (drz)" in str(error)
    assert error.advice == advice
