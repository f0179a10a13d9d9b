"""State of the pixels of a chip, and copies that a tool can be given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.files.usable import AcceptedFlags, ChipState, chip_states, prepared_copy
from tests.files.builders import ImageBuilder

ACCEPTED = AcceptedFlags(sky=4096, anywhere=4096)
EVERY = AcceptedFlags(sky=0xFFFF, anywhere=0xFFFF)
SHAPE = (24, 32)

Change = Callable[[fits.HDUList], None]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Path]:
    """An exposure of one chip whose pixels were changed."""

    def make(change: Change) -> Path:
        path = tmp_path / "ibxl50ivq_flt.fits"
        with fits.open(ImageBuilder(tmp_path / "whole.fits").write()) as hdus:
            change(hdus)
            hdus.writeto(path)
        return path

    return make


def _flags(kind: str) -> np.ndarray:
    flags = np.zeros(SHAPE, dtype=np.int64)
    flags[2, 3], flags[4, 5] = 4, 64
    return flags.astype(kind)


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_flags_of_every_type_reach_a_tool_in_one_that_it_can_reset(
    changed: Callable[[Change], Path], tmp_path: Path, kind: str
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["DQ", 1].data = _flags(kind)
        hdus["SCI", 1].data[7, 8] = np.nan

    path = changed(change)
    (state,) = chip_states(path, ACCEPTED)
    assert (state.unmeasured, state.has_signal, state.needs_copy) == (1, True, True)
    assert state.has_plain_flags is (kind in ("int16", "int32", "int64"))
    prepared_copy(path, tmp_path / "copy" / path.name, None, ACCEPTED)
    with fits.open(tmp_path / "copy" / path.name) as hdus:
        flags = hdus["DQ", 1].data
        expected = _flags("int64")
        expected[7, 8] = 4
        np.testing.assert_array_equal(flags, expected)
        assert (flags & ~4096).sum() == 72  # what AstroDrizzle does: resets bits by a number
        assert hdus["SCI", 1].data[7, 8] == 0


def test_a_flag_that_needs_seventeen_bits_is_kept(
    changed: Callable[[Change], Path], tmp_path: Path
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["DQ", 1].data = np.full(SHAPE, 40000, np.uint16)

    path = changed(change)
    assert not chip_states(path, ACCEPTED)[0].has_signal
    prepared_copy(path, tmp_path / "copy" / path.name, None, EVERY)
    flags = fits.getdata(tmp_path / "copy" / path.name, ("DQ", 1))
    assert flags.dtype.kind == "i" and (flags == 40000).all()


def test_an_image_that_is_scaled_in_its_file_is_mended_as_what_it_means(
    changed: Callable[[Change], Path], tmp_path: Path
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].data = np.arange(768, dtype=np.uint16).reshape(SHAPE) + 40000
        hdus["ERR", 1].data[0, 0] = np.nan

    path = changed(change)
    prepared_copy(path, tmp_path / "copy" / path.name, None, ACCEPTED)
    mended = fits.getdata(tmp_path / "copy" / path.name, ("SCI", 1))
    assert (mended[0, 0], mended[0, 1], mended[-1, -1]) == (0, 40001, 40767)


def test_a_chip_without_errors_has_pixels_and_lacks_errors(
    changed: Callable[[Change], Path],
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["ERR", 1].data[:] = np.nan

    path = changed(change)
    assert chip_states(path, ACCEPTED) == (
        ChipState(1, 0, has_signal=False, without_error=768, lacks_errors=True),
    )
    # Where no step uses flags none is set, and the pixels take part.
    assert chip_states(path, EVERY)[0].has_signal


def test_pixels_that_are_no_numbers_are_not_counted_among_those_without_error(
    changed: Callable[[Change], Path],
) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].data[0, :3] = np.nan
        hdus["ERR", 1].data[0, :5] = np.nan
        hdus["DQ", 1].data[0, 4] = 16

    (state,) = chip_states(changed(change), ACCEPTED)
    assert (state.unmeasured, state.without_error, state.has_signal) == (3, 1, True)
