"""Builders of small images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.builders import ImageBuilder


@pytest.fixture
def image(tmp_path: Path) -> ImageBuilder:
    """A WFC3/IR exposure to be changed and written."""
    return ImageBuilder(tmp_path / "ibxl50ivq_flt.fits")
