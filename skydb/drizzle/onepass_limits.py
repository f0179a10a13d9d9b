"""Options that one pass over the exposures supports, and reasons for the rest.

A parameter that may change the weights, or the masks of cosmic rays, by other means than one
pass has is refused: a mosaic that is nearly AstroDrizzle's is worth less than one that took
longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from skydb.drizzle.optionfiles import RECORD
from skydb.drizzle.rejection import STEPS
from skydb.drizzle.settings import AstroDrizzleSettings

_SKY_WEIGHTS = "the weights of final_wht_type=IVM depend on the sky"
_COMBINATIONS = ("minmed", "iminmed", "median", "imedian", "mean", "imean")
_KERNELS = ("square", "point", "turbo", "gaussian", "lanczos3")
_ALONE = "steps of the rejection of cosmic rays are done together or not at all"
_NO_GRID = "the separate drizzles have the grid that drizzlepac gives them"

#: Parameters that one pass cannot follow unless they have one of these values.
_ONLY: Mapping[str, tuple[tuple[object, ...], str]] = MappingProxyType(
    {
        "skysub": ((True,), "there is no sky to subtract"),
        "build": ((False,), "it writes one file for each image of a mosaic"),
        "final_wht_type": (("EXP", "ERR"), _SKY_WEIGHTS),
        "final_kernel": (_KERNELS, "drizzlepac has no such kernel"),
        "driz_combine": ((True,), "without it there is no mosaic"),
        "updatewcs": ((False,), "it would change the WCS of the exposures"),
        "wcskey": (("",), "it would change the WCS of the exposures"),
        "mdriztab": ((False,), "the parameters would come from a reference file"),
        "skyuser": (("",), "the skies are given"),
        "skyfile": (("",), "the skies are given"),
        "rules_file": (("",), "headers are blended by the rules of the package"),
        "driz_sep_wcs": ((False,), _NO_GRID),
    }
)

#: The same of the steps that find cosmic rays, when these are on.
_ONLY_REJECTING: Mapping[str, tuple[tuple[object, ...], str]] = MappingProxyType(
    {
        "coeffs": ((True,), "images are compared with their distortion"),
        "driz_sep_kernel": (_KERNELS, "drizzlepac has no such kernel"),
        "driz_sep_fillval": ((None, "", "INDEF"), "pixels without weight have no value"),
        "driz_sep_compress": ((False,), "it compresses nothing, and so loses nothing"),
        **{
            f"driz_sep_{name}": ((None, ""), _NO_GRID)
            for name in ("refimage", "rot", "scale", "outnx", "outny", "ra", "dec")
        },
        "driz_sep_crpix1": ((None, ""), _NO_GRID),
        "driz_sep_crpix2": ((None, ""), _NO_GRID),
        "median_newmasks": ((True,), "bad pixels are left out of the median"),
        "combine_type": (_COMBINATIONS, "drizzlepac combines no images so"),
        "combine_lthresh": ((None, ""), "the limit would depend on the unit of each exposure"),
        "combine_hthresh": ((None, ""), "the limit would depend on the unit of each exposure"),
        "combine_bufsize": ((None, ""), "it combines all rows alike"),
        "blot_addsky": ((True,), "every exposure is compared with its own sky"),
        "driz_cr_corr": ((False,), "it writes no corrected exposures"),
    }
)

#: Parameters that drizzlepac's own code follows, on the way to one pass as well.
_OF_THE_MOSAIC = frozenset(
    {
        *("coeffs", "context", "stepsize", "static", "proc_unit"),
        *("gain", "gnkeyword", "rdnoise", "rnkeyword", "exptime", "expkeyword"),
        *("final_bits", "final_pixfrac", "final_wt_scl", "final_fillval"),
        *("final_maskval", "final_units", "final_wcs", "final_rot", "final_scale"),
        *("final_ra", "final_dec", "final_outnx", "final_outny"),
        *("final_crpix1", "final_crpix2", "final_refimage"),
    }
)

#: Parameters of the sky: the caller that gives the skies handles or refuses them.
_OF_THE_SKY = frozenset(
    {
        *("resetbits", "sky_bits", "skystat", "skywidth", "skylower", "skyupper", "skyclip"),
        *("skylsigma", "skyusigma", "use_static", "skymask_cat", "static_sig", "group"),
    }
)

#: Parameters of files and of the machine, which change no pixel.
_HOUSEKEEPING = frozenset(
    {"clean", "in_memory", "num_cores", "overwrite", "preserve", "restore", "crbit"}
)

#: Parameters of the steps that find cosmic rays; they do not matter while these are off.
_PREFIXES_OF_STEPS = ("driz_sep_", "combine_", "median_", "blot_", "driz_cr_")


class Manner(StrEnum):
    """Support of an option of AstroDrizzle by the engine skydb."""

    MOSAIC = "follows it in the mosaic"
    SKY = "follows it in the sky"
    STEP = "on with the other steps of the rejection, or off"
    REJECTION = "follows it in the masks of cosmic rays"
    HOUSEKEEPING = "changes no pixel"
    LIMITED = "leaves other values to AstroDrizzle"


def manner_of(name: str) -> Manner | None:
    """Look up the support of an option; None for an unknown one."""
    groups = {
        Manner.LIMITED: name in _ONLY,
        Manner.MOSAIC: name in _OF_THE_MOSAIC,
        Manner.SKY: name in _OF_THE_SKY,
        Manner.HOUSEKEEPING: name in _HOUSEKEEPING,
        Manner.STEP: name in STEPS,
        Manner.REJECTION: name.startswith(_PREFIXES_OF_STEPS),
    }
    return next((manner for manner, is_so in groups.items() if is_so), None)


def limit_of(name: str) -> tuple[tuple[object, ...], str] | None:
    """Values of an option that one pass can follow, and why no others; None for any."""
    return _ONLY.get(name)


def rejecting_limit_of(name: str) -> tuple[tuple[object, ...], str] | None:
    """Values of an option that one pass can follow while it rejects cosmic rays; as above."""
    return _ONLY_REJECTING.get(name)


def why_not(settings: AstroDrizzleSettings) -> str | None:
    """Explain why one pass cannot use the settings.

    Parameters
    ----------
    settings : AstroDrizzleSettings
        How the mosaics are to be made.

    Returns
    -------
    str or None
        A sentence for the user, or None when one pass can.
    """
    parameters = settings.as_parameters()
    steps_on = [step for step in STEPS if parameters[step] is True]
    limits = {**_ONLY, **_ONLY_REJECTING} if steps_on else _ONLY
    found = [f"{step}=True: {_ALONE}" for step in steps_on if len(steps_on) < len(STEPS)]
    for name, value in parameters.items():
        allowed, reason = limits.get(name, ((value,), ""))
        if value not in allowed:
            found.append(f"{name}={value}: {reason}")
        elif name != RECORD and manner_of(name) is None:
            found.append(f"{name}={value} is nothing it knows")
    return f"{'; '.join(found)}." if found else None
