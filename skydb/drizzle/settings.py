"""Parameters of TweakReg and AstroDrizzle, with the defaults of the STScI tutorial.

The tutorial is the DrizzlePac notebook on sky matching of HST mosaics; where a
default differs from it, the docstring says why. Whatever is not named here can
be passed on through ``extra``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from skydb.errors import UsageError

#: Width of the source kernel in pixels: drizzled infrared stars are wider.
_CONV_WIDTH_IR_PIX = 4.5
_CONV_WIDTH_CCD_PIX = 3.5

_OWNED_BY_TWEAKREG = frozenset(
    {
        "files",
        "input",
        "refcat",
        "refxcol",
        "refycol",
        "refxyunits",
        "updatehdr",
        "wcsname",
        "reusename",
        "shiftfile",
        "outshifts",
        "outwcs",
        "writecat",
        "clean",
        "interactive",
        "runfile",
        "configobj",
        "editpars",
    }
)
#: Steps that end with masks of cosmic rays; each needs those before it.
_REJECTION = ("driz_separate", "median", "blot", "driz_cr")
_OWNED_BY_ASTRODRIZZLE = frozenset(
    {"input", "output", "skymethod", "runfile", "configobj", "editpars"}
)


def default_conv_width_pix(instrument: str, detector: str) -> float:
    """Kernel width for a detector: 4.5 pixels in the infrared, 3.5 on CCDs."""
    is_infrared = detector.upper() == "IR" or instrument.upper() == "NICMOS"
    return _CONV_WIDTH_IR_PIX if is_infrared else _CONV_WIDTH_CCD_PIX


@dataclass(frozen=True)
class TweakRegSettings:
    """How sources are found, matched and fitted.

    Parameters
    ----------
    threshold : float
        Detection limit in sigma of the background.
    conv_width_pix : float or None
        Width of the kernel; None takes that of the detector.
    peakmin : float or None
        Faintest peak, in the unit of the image.
    minobj : int
        Fewest matches for a fit.
    searchrad_arcsec : float
        Radius of the search for the first offset.
    tolerance_pix : float
        Radius within which sources match, after the first offset. The tutorial
        has 1; the first offset comes from a histogram with bins of one pixel and
        is up to 0.7 pixels off on each axis, so that 1 loses good fits.
    fitgeometry : str
        ``shift``, ``rscale`` or ``general``.
    nclip : int
        Rounds of clipping. The tutorial has 1, TweakReg itself 3, and so has
        this: a false match that is off by one infrared pixel (128 mas) moves
        the shift of 20 stars by 6 mas, and two of them can hide from the first
        round because they widen the sigma that should catch them.
    sigma : float
        Limit of the clipping.
    ylimit : float
        Range of TweakReg's residual plots, in pixels.
    expand_refcat : bool
        Add the sources of fitted products to the reference catalogue; then
        products are fitted in one call in the given order.
    enforce_user_order : bool
        Keep the given order.
    extra : mapping
        More parameters of TweakReg; ``imagefindcfg`` is merged.
    """

    threshold: float = 5.0
    conv_width_pix: float | None = None
    peakmin: float | None = 1.0
    minobj: int = 5
    searchrad_arcsec: float = 1.0
    tolerance_pix: float = 2.0
    fitgeometry: str = "rscale"
    nclip: int = 3
    sigma: float = 3.0
    ylimit: float = 0.5
    expand_refcat: bool = False
    enforce_user_order: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_owned("TweakReg", self.extra, _OWNED_BY_TWEAKREG)
        if self.fitgeometry not in ("shift", "rscale", "general"):
            raise UsageError(f"{self.fitgeometry!r} is not a fit geometry of TweakReg.")

    def as_parameters(self) -> dict[str, object]:
        """What is passed to TweakReg, JSON-able; a conv_width of None is still open."""
        more = dict(self.extra)
        find = {
            "threshold": self.threshold,
            "conv_width": self.conv_width_pix,
            "peakmin": self.peakmin,
            **_mapping(more.pop("imagefindcfg", {})),
        }
        return {
            "imagefindcfg": find,
            "minobj": self.minobj,
            "searchrad": self.searchrad_arcsec,
            "searchunits": "arcseconds",
            "tolerance": self.tolerance_pix,
            "fitgeometry": self.fitgeometry,
            "nclip": self.nclip,
            "sigma": self.sigma,
            "ylimit": self.ylimit,
            "expand_refcat": self.expand_refcat,
            "enforce_user_order": self.enforce_user_order,
            "interactive": False,
            # Plots are drawn from the match files; see2dplot needs a window.
            "see2dplot": False,
            "residplot": "No plot",
            **more,
        }

    @classmethod
    def recalled(cls, parameters: Mapping[str, object]) -> Self:
        """The settings of which :meth:`as_parameters` gave these."""
        find = _mapping(parameters.get("imagefindcfg", {}))
        given = {**find, **parameters}
        fields = {field: given[name] for name, field in _TWEAKREG.items() if name in given}
        plain = cls(**fields)  # type: ignore[arg-type]
        usual = _mapping(plain.as_parameters()["imagefindcfg"])
        extra = _unlike(parameters, {**plain.as_parameters(), "imagefindcfg": find})
        more = _unlike(find, usual)
        return replace(plain, extra={**extra, **({"imagefindcfg": more} if more else {})})


@dataclass(frozen=True)
class AstroDrizzleSettings:
    """How the mosaic is made; the sky method is not a setting but the question.

    Parameters
    ----------
    skysub : bool
        Measure the sky and subtract it while drizzling.
    final_bits, sky_bits, resetbits : str or int
        Good DQ flags of the mosaic and of the sky, and flags to reset first.
    reject_cosmic_rays : bool
        Find cosmic rays and leave them out of the mosaic: ``driz_separate``, ``median``,
        ``blot`` and ``driz_cr``, which AstroDrizzle can only do one after the other.
    final_wcs : bool
        Whether the output has the WCS that the ``final_*`` parameters say.
    final_rot_deg, final_scale_arcsec, final_pixfrac : float or None
        Orientation, pixel size and drop size of the mosaic.
    build : bool
        One file with SCI, WHT and CTX instead of one file each.
    clean : bool
        Remove drizzlepac's intermediate files at the end.
    extra : mapping
        More parameters of AstroDrizzle.
    """

    skysub: bool = True
    final_bits: str = "16"
    sky_bits: str = "0"
    resetbits: int = 4096
    reject_cosmic_rays: bool = False
    final_wcs: bool = True
    final_rot_deg: float | None = 257.0
    final_scale_arcsec: float | None = None
    final_pixfrac: float = 1.0
    context: bool = False
    build: bool = False
    clean: bool = True
    in_memory: bool = False
    num_cores: int = 1
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_owned("AstroDrizzle", self.extra, _OWNED_BY_ASTRODRIZZLE)
        _refuse_gaps(self.extra, self._last_step)

    @property
    def _last_step(self) -> int:
        """How many steps of the rejection of cosmic rays are done."""
        asked = [n for n, step in enumerate(_REJECTION, 1) if _is_on(self.extra.get(step, False))]
        return len(_REJECTION) if self.reject_cosmic_rays else max(asked, default=0)

    @classmethod
    def pipeline(cls, *, skysub: bool = True, extra: Mapping[str, object] | None = None) -> Self:
        """Settings of a product as the archive makes it: one file, own orientation."""
        return cls(
            skysub=skysub, final_wcs=False, final_rot_deg=None, build=True, extra=dict(extra or {})
        )

    def as_parameters(self) -> dict[str, object]:
        """What is passed to AstroDrizzle besides inputs, output and method; JSON-able."""
        orientation = {"final_rot": self.final_rot_deg, "final_scale": self.final_scale_arcsec}
        return {
            "preserve": False,
            "context": self.context,
            "build": self.build,
            "clean": self.clean,
            "in_memory": self.in_memory,
            "num_cores": self.num_cores,
            # The inputs are copies, so that resetting their flags hurts nobody.
            "resetbits": self.resetbits,
            "skysub": self.skysub,
            "sky_bits": self.sky_bits,
            **{step: n < self._last_step for n, step in enumerate(_REJECTION)},
            # What is good in the mosaic is good in the images that it is compared with.
            **({"driz_sep_bits": self.final_bits} if self._last_step else {}),
            "final_bits": self.final_bits,
            "final_pixfrac": self.final_pixfrac,
            "final_wcs": self.final_wcs,
            **{name: value for name, value in orientation.items() if value is not None},
            **self.extra,
        }

    @classmethod
    def recalled(cls, parameters: Mapping[str, object]) -> Self:
        """The settings of which :meth:`as_parameters` gave these."""
        fields = {field: parameters.get(name) for name, field in _ASTRODRIZZLE.items()}
        optional = ("final_rot_deg", "final_scale_arcsec")
        known = {name: value for name, value in fields.items() if value is not None}
        plain = cls(**{**dict.fromkeys(optional), **known})  # type: ignore[arg-type]
        return replace(plain, extra=_unlike(parameters, plain.as_parameters()))


#: Settings by the names of the tools' parameters.
_TWEAKREG = {
    **{name: name for name in ("threshold", "peakmin", "minobj", "fitgeometry", "nclip", "sigma")},
    **{name: name for name in ("ylimit", "expand_refcat", "enforce_user_order")},
    "conv_width": "conv_width_pix",
    "searchrad": "searchrad_arcsec",
    "tolerance": "tolerance_pix",
}
_ASTRODRIZZLE = {
    **{name: name for name in ("skysub", "final_bits", "sky_bits", "resetbits", "final_wcs")},
    **{name: name for name in ("final_pixfrac", "context", "build", "clean", "in_memory")},
    "num_cores": "num_cores",
    "driz_cr": "reject_cosmic_rays",
    "final_rot": "final_rot_deg",
    "final_scale": "final_scale_arcsec",
}


def _unlike(parameters: Mapping[str, object], usual: Mapping[str, object]) -> dict[str, object]:
    """Parameters that are not what they usually are."""
    return {
        name: value
        for name, value in parameters.items()
        if name not in usual or usual[name] != value
    }


def _refuse_owned(tool: str, extra: Iterable[str], owned: frozenset[str]) -> None:
    clash = sorted(owned.intersection(extra))
    if clash:
        raise UsageError(
            f"{tool} parameters that skydb sets itself: {', '.join(clash)}.",
            advice="Leave them out of the extra parameters.",
        )


def _refuse_gaps(extra: Mapping[str, object], last: int) -> None:
    """Refuse a step that another one needs and that is switched off."""
    gaps = [f"{step}=False" for step in _REJECTION[:last] if not _is_on(extra.get(step, True))]
    if gaps:
        raise UsageError(
            f"Cosmic rays cannot be rejected with {', '.join(gaps)}: "
            f"the steps {', '.join(_REJECTION)} need each other.",
            advice="Leave these parameters out, or the rejection.",
        )


def _is_on(value: object) -> bool:
    """Whether a boolean parameter is on, also as a text that drizzlepac takes for one."""
    return value is True or str(value).lower() in ("true", "yes")


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise UsageError(f"imagefindcfg must be a mapping, not {value!r}.")
    return dict(value)
