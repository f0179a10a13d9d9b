"""Flags that are in another file: found beside it, read as its own, and missed aloud."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import Flavour, ProductKind, SkyUnit
from skydb.drizzle.workspace import copies_in, links_in
from skydb.errors import FileRejectedError, NotFoundError, NotHstImageError
from skydb.files.checksum import sha256_of
from skydb.files.dqfile import (
    flags_beside,
    has_flags_apart,
    pixels_beside,
    require_flags,
)
from skydb.files.reader import read_facts
from skydb.files.workspace import Workspace
from tests.files.builders import read_pixels
from tests.files.wfpc2_builder import BAD, SIZE, SKY, write_wfpc2


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    return write_wfpc2(tmp_path / "data")


def flags_of(path: Path) -> Path:
    return path.with_name(path.name.replace("_c0m", "_c1m"))


def test_flags_are_looked_for_beside_the_pixels(pixels: Path) -> None:
    flags = flags_of(pixels)
    assert (flags_beside(pixels), pixels_beside(flags)) == (flags, pixels)
    assert flags_beside(flags) is None
    assert pixels_beside(pixels) is None


def test_either_may_be_gzipped(pixels: Path) -> None:
    flags = flags_of(pixels)
    packed = flags.with_name(f"{flags.name}.gz")
    packed.write_bytes(gzip.compress(flags.read_bytes()))
    flags.unlink()
    assert flags_beside(pixels) == packed
    assert read_pixels(pixels)[1].quality is not None


def test_no_other_file_has_its_flags_apart(tmp_path: Path) -> None:
    for name in ("ibxl50ivq_flt.fits", "c0m.fits", "u2eb0101t_c0m.fits.part"):
        (tmp_path / name).touch()
        assert not has_flags_apart(tmp_path / name)
        assert flags_beside(tmp_path / name) is None
        require_flags(tmp_path / name)


def test_the_sky_is_that_of_the_pixels_that_are_not_flagged(pixels: Path) -> None:
    chip = read_pixels(pixels)[1]
    assert chip.unit is SkyUnit.COUNT
    assert chip.quality is not None
    assert float(np.median(chip.science[chip.quality == 0])) == pytest.approx(SKY, abs=0.01)
    assert (chip.science[chip.quality != 0] == BAD).all()


def test_the_header_facts_keep_the_checksum_of_the_flags(pixels: Path) -> None:
    found = read_facts(pixels)
    assert (found.kind, found.flavour) == (ProductKind.C0M, Flavour.PIPELINE)
    assert found.dq_sha256 == sha256_of(flags_of(pixels))
    assert found.flaws == ()


def test_missing_flags_are_said_and_not_guessed(tmp_path: Path) -> None:
    alone = write_wfpc2(tmp_path, with_flags=False)
    found = read_facts(alone)
    assert found.dq_sha256 is None
    assert found.flaws == (
        "its flags are in u2eb0101t_c1m.fits, which is not beside it: no bad pixel is known.",
    )
    assert read_pixels(alone)[1].quality is None
    with pytest.raises(NotFoundError, match=r"u2eb0101t_c1m\.fits, the flags of u2eb0101t_c0m"):
        require_flags(alone)


def test_flags_within_the_file_count_before_those_beside_it(pixels: Path) -> None:
    with fits.open(pixels, mode="append") as hdus:
        hdus.append(fits.ImageHDU(np.full((SIZE, SIZE), 4, np.int16), name="DQ", ver=1))
    quality = read_pixels(pixels)[1].quality
    assert quality is not None
    assert (quality == 4).all()
    assert read_facts(pixels).dq_sha256 is None


def _of_another_shape(hdus: fits.HDUList) -> None:
    hdus[1].data = np.zeros((SIZE, SIZE - 1), np.int16)


def _of_another_chip(hdus: fits.HDUList) -> None:
    hdus[1].header["EXTVER"] = 2


def _of_another_exposure(hdus: fits.HDUList) -> None:
    hdus[0].header["ROOTNAME"] = "u2eb0102t"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_of_another_shape, "no flags for SCI,1 of u2eb0101t_c0m.fits"),
        (_of_another_chip, "no flags for SCI,1 of u2eb0101t_c0m.fits"),
        (_of_another_exposure, "it is of u2eb0102t by its header"),
    ],
)
def test_flags_that_do_not_belong_to_the_pixels_are_refused(
    pixels: Path, change: object, reason: str
) -> None:
    assert callable(change)
    with fits.open(flags_of(pixels), mode="update") as hdus:
        change(hdus)
    for read in (read_facts, read_pixels):
        with pytest.raises(FileRejectedError, match=reason):
            read(pixels)


def test_flags_alone_are_no_image(pixels: Path) -> None:
    with pytest.raises(NotHstImageError, match="flags of a c0m that is not beside it"):
        read_facts(flags_of(pixels))


def test_flags_go_with_the_pixels_wherever_they_are_taken(pixels: Path, tmp_path: Path) -> None:
    flags = flags_of(pixels)
    (copy,) = copies_in(tmp_path / "copies", [pixels])
    (link,) = links_in(tmp_path / "links", [pixels])
    kept = Workspace(tmp_path / "root").store_version(pixels, pixels.name, sha256_of(pixels))
    for path in (copy, link, kept):
        beside = flags_beside(path)
        assert beside is not None
        assert beside.read_bytes() == flags.read_bytes()
    assert not flags_of(copy).is_symlink()
