"""Checks of any picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def decoded(picture: bytes) -> NDArray[np.uint8]:
    """RGB pixels (ny, nx, 3)."""
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        return np.asarray(image.convert("RGB"))


def share_of(pixels: NDArray[np.uint8], colour: str, *, within: int = 6) -> float:
    """Share of the pixels that have a colour."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    near = np.abs(pixels.astype(int) - wanted).max(axis=-1) <= within
    return float(near.mean())
