"""A GIF that blinks the mosaics of several methods, one frame each.

Every frame has the same palette and the same scaling, so that whatever changes
between two frames changed in the mosaics.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError
from skydb.report.images import (
    MAX_SIDE_PIX,
    DisplayImage,
    DisplayScale,
    FloatImage,
    common_block,
    common_scale,
    load_science,
)
from skydb.report.output import write_atomic
from skydb.report.style import NO_DATA, SCIENCE_RAMP, colormap, font_path

if TYPE_CHECKING:
    from PIL.Image import Image

#: Palette: image levels, then no-data, then the greys that text is smoothed with.
_LEVELS = 200
_EMPTY = 200
_TEXT = 201
_TEXT_LEVELS = 256 - _TEXT
_BAND_PIX = 34
#: Time that each frame is shown.
_FRAME_MS = 900
_MIN_WIDTH_PIX = 440
_BAND_COLOUR = np.array([18, 21, 28])
_INK_COLOUR = np.array([240, 243, 248])


@dataclass(frozen=True, slots=True)
class BlinkFrame:
    """One mosaic as a picture of palette indices, its label burnt in."""

    label: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BlinkSequence:
    """Frames of one size, and what was done to make them so.

    Parameters
    ----------
    frames : tuple of BlinkFrame
        In the order given.
    notes : tuple of str
        Sentences fit for a caption: what was cropped, padded or levelled.
    """

    frames: tuple[BlinkFrame, ...]
    notes: tuple[str, ...]


def blink_gif(
    mosaics: Mapping[str, Path],
    out: Path,
    *,
    weights: Mapping[str, Path] | None = None,
    remove_pedestal: bool = False,
) -> BlinkSequence:
    """Write the GIF; parameters, errors and result as :func:`blink_sequence`.

    Parameters
    ----------
    mosaics : mapping of str to Path
        Science mosaics by label.
    out : Path
        The GIF; it appears whole or not at all.
    weights : mapping of str to Path, optional
        Weight mosaics by the same labels.
    remove_pedestal : bool, optional
        Show each mosaic with its median subtracted.
    """
    sequence = blink_sequence(mosaics, weights=weights, remove_pedestal=remove_pedestal)
    write_atomic(out, gif_bytes(sequence))
    return sequence


def blink_sequence(
    mosaics: Mapping[str, Path],
    *,
    weights: Mapping[str, Path] | None = None,
    remove_pedestal: bool = False,
) -> BlinkSequence:
    """Read the mosaics at screen size, bring them to one grid and one scale.

    Parameters
    ----------
    mosaics : mapping of str to Path
        Science mosaics by label.
    weights : mapping of str to Path, optional
        Weight mosaics by the same labels; where the weight is zero is no data.
    remove_pedestal : bool, optional
        Show each mosaic with its median subtracted: ``match`` leaves the level of one
        image in, which would hide everything else. The label says so.

    Raises
    ------
    UsageError
        When there is no mosaic.
    NotFoundError, UnreadableFileError
        As :func:`skydb.report.images.load_science`.
    """
    if not mosaics:
        raise UsageError("No mosaic to blink.", advice="Give at least one finished sky run.")
    weights = weights or {}
    block = common_block(list(mosaics.values()), max_side_pix=MAX_SIDE_PIX)
    images = {
        label: load_science(path, weights.get(label), block=block)
        for label, path in mosaics.items()
    }
    return sequence_of(images, remove_pedestal=remove_pedestal)


def sequence_of(
    images: Mapping[str, DisplayImage], *, remove_pedestal: bool = False
) -> BlinkSequence:
    """Bring images at the size of a screen to one grid and one scale.

    Parameters
    ----------
    images : mapping of str to DisplayImage
        By label, in the order of the frames.
    remove_pedestal : bool, optional
        As for :func:`blink_sequence`.
    """
    images, notes = _on_one_grid(images)
    if remove_pedestal:
        images = {label: image.without_pedestal() for label, image in images.items()}
        notes += ("The median of each mosaic is subtracted.",)
    scale = common_scale(list(images.values()))
    frames = tuple(
        _frame(label, image, scale, place, len(images))
        for place, (label, image) in enumerate(images.items())
    )
    return BlinkSequence(frames, notes)


def _on_one_grid(
    images: Mapping[str, DisplayImage],
) -> tuple[dict[str, DisplayImage], tuple[str, ...]]:
    """Crop or pad every image to the grid of the first, and say which."""
    first = next(iter(images.values()))
    fitted: dict[str, DisplayImage] = {}
    notes: list[str] = []
    for label, image in images.items():
        offset = _offset_pix(first, image)
        if image.data.shape == first.data.shape and offset == (0, 0):
            fitted[label] = image
            continue
        fitted[label] = _placed(image, first, offset)
        notes.append(_note(label, image, first, offset))
    return fitted, tuple(notes)


def _offset_pix(first: DisplayImage, image: DisplayImage) -> tuple[int, int]:
    """Whole displayed pixels (rows, columns) from the first image's origin to this one's."""
    if first.wcs is None or image.wcs is None:
        return 0, 0
    ny, nx = first.data.shape
    centre = ((nx - 1) / 2, (ny - 1) / 2)
    x, y = image.wcs.world_to_pixel_values(*first.wcs.pixel_to_world_values(*centre))
    if not (np.isfinite(x) and np.isfinite(y)):
        return 0, 0
    return round(centre[1] - float(y)), round(centre[0] - float(x))


def _placed(image: DisplayImage, first: DisplayImage, offset: tuple[int, int]) -> DisplayImage:
    canvas: FloatImage = np.full(first.data.shape, np.nan, dtype=np.float32)
    into, out_of = zip(
        *(
            (
                slice(max(0, move), min(size, move + length)),
                slice(max(0, -move), min(length, size - move)),
            )
            for move, size, length in zip(offset, canvas.shape, image.data.shape, strict=True)
        ),
        strict=True,
    )
    if all(part.stop > part.start for part in into):
        canvas[into] = image.data[out_of]
    return DisplayImage(canvas, image.block, first.shape_pix, image.unit, first.wcs)


def _note(label: str, image: DisplayImage, first: DisplayImage, offset: tuple[int, int]) -> str:
    (ny, nx), (to_y, to_x) = image.shape_pix, first.shape_pix
    rows, columns = (move * image.block for move in offset)
    return (
        f"{label}: {nx} x {ny} pixels cropped or padded to {to_x} x {to_y},"
        f" moved by {columns} and {rows} pixels."
    )


def _frame(
    label: str, image: DisplayImage, scale: DisplayScale, place: int, count: int
) -> BlinkFrame:
    shade = np.asarray(scale.normalisation()(np.nan_to_num(image.data)), float)
    indices = np.clip(shade * _LEVELS, 0, _LEVELS - 1).astype(np.uint8)
    indices[~np.isfinite(image.data)] = _EMPTY
    width = max(_MIN_WIDTH_PIX, indices.shape[1])
    sky = np.full((indices.shape[0], width), _EMPTY, dtype=np.uint8)
    left = (width - indices.shape[1]) // 2
    sky[:, left : left + indices.shape[1]] = indices[::-1]
    level = f"   median {image.pedestal:.3g} subtracted" if image.pedestal else ""
    return BlinkFrame(label, np.vstack((_band(f"{label}{level}", width, place, count), sky)))


def _band(text: str, width: int, place: int, count: int) -> NDArray[np.uint8]:
    """The strip above a picture: its label, and a dot for each frame."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("L", (width, _BAND_PIX), 0)
    pen = ImageDraw.Draw(strip)
    font = ImageFont.truetype(str(font_path(bold=True)), 13)
    pen.text((12, _BAND_PIX // 2), text, fill=255, font=font, anchor="lm")
    for dot in range(count):
        x = width - 16 - 14 * (count - 1 - dot)
        pen.circle((x, _BAND_PIX // 2), 4, fill=255 if dot == place else 70)
    levels = np.asarray(strip, dtype=float) / 255 * (_TEXT_LEVELS - 1)
    return (_TEXT + np.rint(levels)).astype(np.uint8)


def _palette() -> bytes:
    ramp = np.asarray(colormap(SCIENCE_RAMP)(np.linspace(0, 1, _LEVELS)))[:, :3] * 255
    empty = [[int(NO_DATA[i : i + 2], 16) for i in (1, 3, 5)]]
    blend = np.linspace(0, 1, _TEXT_LEVELS)[:, None]
    text = (1 - blend) * _BAND_COLOUR + blend * _INK_COLOUR
    colours = np.rint(np.vstack((ramp, empty, text))).astype(np.uint8)
    return bytes(colours)


def _picture(frame: BlinkFrame, palette: bytes) -> Image:
    from PIL import Image

    picture = Image.fromarray(frame.pixels)
    picture.putpalette(palette)
    return picture


def gif_bytes(sequence: BlinkSequence) -> bytes:
    """The sequence as an endless GIF."""
    palette = _palette()
    first, *rest = (_picture(frame, palette) for frame in sequence.frames)
    stream = io.BytesIO()
    first.save(
        stream,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=_FRAME_MS,
        loop=0,
        optimize=False,
        disposal=1,
    )
    return stream.getvalue()


def frame_pngs(sequence: BlinkSequence) -> Sequence[tuple[str, bytes]]:
    """Each frame by itself as (label, PNG), to be looked at standing still."""
    palette, pngs = _palette(), []
    for frame in sequence.frames:
        stream = io.BytesIO()
        _picture(frame, palette).save(stream, format="PNG", optimize=True)
        pngs.append((frame.label, stream.getvalue()))
    return pngs
