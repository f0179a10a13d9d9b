"""Skies in the HDRTAB of drizzled products."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import FileRejectedError
from skydb.files.hdrtab import TabledSky, read_drizzled_product
from tests.services.history.products import write_mosaic

SKIES = {("ibxl50clq", 1): 0.79, ("ibxl50cqq", 1): float("nan")}


def test_a_product_tells_the_sky_of_every_chip(tmp_path):
    product = read_drizzled_product(write_mosaic(tmp_path / "m_drz.fits", SKIES))
    assert product is not None
    assert product.skies == (
        TabledSky("ibxl50clq", 1, 0.79, SkyUnit.ELECTRON_PER_S),
        TabledSky("ibxl50cqq", 1, None, SkyUnit.ELECTRON_PER_S),
    )
    assert product.tool == "DrizzlePac 3.2.0"


def test_a_gzipped_copy_is_the_same_product(tmp_path):
    path = write_mosaic(tmp_path / "m_drz.fits", SKIES)
    packed = tmp_path / "copy.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, other = read_drizzled_product(path), read_drizzled_product(packed)
    assert one is not None and other is not None
    assert one.identity == other.identity


def test_a_file_without_such_a_table_is_none(tmp_path):
    fits.PrimaryHDU(np.ones((2, 2))).writeto(tmp_path / "x.fits")
    assert read_drizzled_product(tmp_path / "x.fits") is None


def test_a_table_whose_skies_are_no_numbers_is_refused(tmp_path):
    path = write_mosaic(tmp_path / "m_drz.fits", {("ibxl50clq", 1): "much"}, form="4A")
    with pytest.raises(FileRejectedError, match="HDRTAB cannot be read"):
        read_drizzled_product(path)


def test_the_real_product_tells_twelve_skies(test_data: Path):
    product = read_drizzled_product(test_data / "headers" / "sample_mvm_drc_b.fits")
    assert product is not None
    assert len(product.skies) == 12
    assert product.skies[0] == TabledSky("j8vo01kfq", 1, 4.275874049083005, SkyUnit.ELECTRON)
