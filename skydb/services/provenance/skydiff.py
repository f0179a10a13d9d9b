"""Two sky runs of one recipe, number by number and pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skydb.domain import Mosaic, SkyRun
from skydb.errors import UnreadableFileError
from skydb.files.checksum import sha256_of
from skydb.files.imagediff import compare_pixels, pixel_noise
from skydb.files.workspace import Workspace
from skydb.services.provenance.verdict import Difference, Tolerance

#: A ten-thousandth of the noise of one pixel: less than the error of the sky of a chip, which
#: is that noise over the square root of a million pixels, by a factor of ten.
NOISE_SHARE = 1e-4

#: Inputs whose noise is looked at; those of a field are alike.
_INPUTS_LOOKED_AT = 4

_REASON = (
    "1e-4 of the noise of a pixel of the quietest input, a tenth of the error of the sky of a "
    "chip of a million pixels, or 1e-6 of the number itself"
)


def sky_tolerance(inputs: Sequence[Path], unit: str, asked: float | None) -> Tolerance:
    """Tolerance of two sky values of the same exposure.

    Parameters
    ----------
    inputs : sequence of Path
        Files of the run.
    unit : str
        Of the values.
    asked : float or None
        What somebody asked for, in this unit.
    """
    if asked is not None:
        return Tolerance(asked, unit, "as asked for")
    noise = min((pixel_noise(path) for path in inputs[:_INPUTS_LOOKED_AT]), default=0.0)
    return Tolerance(NOISE_SHARE * noise, unit, _REASON)


def unit_of(run: SkyRun) -> str:
    """Unit of the values of a run; empty when there are several or none."""
    units = {value.unit for value in run.values}
    unit = units.pop() if len(units) == 1 else None
    return unit.value if unit else ""


def value_differences(run: SkyRun, replay: SkyRun, tolerance: Tolerance) -> Iterator[Difference]:
    """Chips whose value differs, and a different method."""
    if run.effective_method is not replay.effective_method:
        before, after = run.effective_method, replay.effective_method
        yield Difference(
            f"run {replay.id}", "effective_method", before, after, None, "", is_tolerable=False
        )
    ours, theirs = _by_chip(run), _by_chip(replay)
    for chip in sorted(ours.keys() | theirs.keys()):
        before_value, after_value = ours.get(chip), theirs.get(chip)
        if (chip in ours) is not (chip in theirs) or before_value != after_value:
            yield _value_difference(chip, before_value, after_value, tolerance)


def _by_chip(run: SkyRun) -> dict[str, float | None]:
    return {f"{one.exposure.rootname}[{one.extver}]": one.mdrizsky for one in run.values}


def _value_difference(
    chip: str, before: float | None, after: float | None, tolerance: Tolerance
) -> Difference:
    if before is None or after is None:
        return Difference(chip, "MDRIZSKY", before, after, None, tolerance.unit, is_tolerable=False)
    apart = abs(before - after)
    tolerable = tolerance.admits(apart, max(abs(before), abs(after)))
    return Difference(
        chip, "MDRIZSKY", before, after, apart, tolerance.unit, is_tolerable=tolerable
    )


@dataclass(frozen=True)
class MosaicComparison:
    """Comparison of two mosaics.

    Parameters
    ----------
    differences : tuple of Difference
    remark : str
        What is to be said of a run that never had one on record.
    not_compared : str
        Why they were not compared; empty when they were, or when there is none.
    """

    differences: tuple[Difference, ...] = ()
    remark: str = ""
    not_compared: str = ""


def compare_mosaics(
    workspace: Workspace, run: SkyRun, replay: SkyRun, asked: float | None
) -> MosaicComparison:
    """Compare the pixels of the mosaics of two runs; their headers hold dates."""
    before, after = run.mosaic, replay.mosaic
    if before is None:
        is_old = run.imported_by_id is not None
        return MosaicComparison(remark="The run has no mosaic on record." if is_old else "")
    if after is None:
        lacking = Difference("mosaic", "pixels", "there", "none", None, "", is_tolerable=False)
        return MosaicComparison((lacking,))
    problem = _why_not(workspace, before)
    if problem:
        return MosaicComparison(not_compared=f"the mosaics ({problem})")
    pairs = (
        ("science", before.science_path, after.science_path),
        ("weight", before.weight_path, after.weight_path),
    )
    found = [
        compare_images(name, workspace.resolve(old), workspace.resolve(new), asked)
        for name, old, new in pairs
    ]
    return MosaicComparison(tuple(one for one in found if one is not None))


def _why_not(workspace: Workspace, mosaic: Mosaic) -> str:
    """Explain why a mosaic cannot be compared; empty when it can."""
    if mosaic.purged_at is not None:
        return f"that of the run was purged on {mosaic.purged_at:%Y-%m-%d}"
    kept = (
        (mosaic.science_path, mosaic.science_sha256),
        (mosaic.weight_path, mosaic.weight_sha256),
    )
    for name, sha256 in kept:
        path = workspace.resolve(name)
        if not path.is_file():
            return f"{name} is gone"
        if sha256_of(path) != sha256:
            return f"{name} has changed since the run"
    return ""


def compare_images(name: str, before: Path, after: Path, asked: float | None) -> Difference | None:
    """Compare the images of two files; None when all pixels are the same.

    Parameters
    ----------
    name : str
        What they are of, for people.
    before, after : Path
    asked : float or None
        What somebody wants pixels to differ by at most; a share of the noise else.
    """
    subject = f"mosaic, {name} image"
    try:
        found = compare_pixels(before, after)
        noise = pixel_noise(before)
    except UnreadableFileError as error:
        return Difference(subject, "pixels", None, str(error), None, "", is_tolerable=False)
    if found.is_equal:
        return None
    limit = Tolerance(NOISE_SHARE * noise if asked is None else asked, "", _REASON)
    tolerable = found.largest is not None and limit.admits(found.largest, found.magnitude)
    return Difference(subject, "pixels", None, None, found.largest, "", is_tolerable=tolerable)
