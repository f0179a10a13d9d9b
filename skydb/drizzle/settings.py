"""Parameters of TweakReg and AstroDrizzle, typed, and each of them once.

Fits have the defaults of the STScI tutorial, the DrizzlePac notebook on sky matching of
HST mosaics; where one differs from it, the docstring says why. Mosaics have the flags that
the archive's own mosaics have, and north up; the tutorial's are a preset
(:mod:`skydb.drizzle.presets`). Whatever is not named here is given through ``extra``, in the
types of drizzlepac's own specification (:mod:`skydb.drizzle.options`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from skydb.drizzle.optionfiles import (
    RECORD,
    Files,
    grid_options,
    recalled_files,
    record_of,
    require_one_grid,
    resolve_files,
    staged_options,
)
from skydb.drizzle.options import typed_options
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.rejection import STEPS, last_step
from skydb.errors import UsageError

#: Width of the source kernel in pixels: drizzled infrared stars are wider.
_CONV_WIDTH_IR_PIX = 4.5
_CONV_WIDTH_CCD_PIX = 3.5


#: Position angle of a mosaic's y axis unless something else is said.
NORTH_UP_DEG = 0.0


def default_conv_width_pix(instrument: str, detector: str) -> float:
    """Kernel width for a detector: 4.5 pixels in the infrared, 3.5 on CCDs."""
    is_infrared = detector.upper() == "IR" or instrument.upper() == "NICMOS"
    return _CONV_WIDTH_IR_PIX if is_infrared else _CONV_WIDTH_CCD_PIX


@dataclass(frozen=True)
class TweakRegSettings:
    """Parameters for finding, matching and fitting sources.

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
    fitgeometry : str or None
        ``shift``, ``rshift``, ``rscale`` or ``general``; None takes the first of ``rscale``,
        ``rshift`` and ``shift`` that has the matches which it wants
        (:mod:`skydb.drizzle.geometries`).
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
        More options of TweakReg, and those of source finding, alone or as ``imagefindcfg``;
        what is a setting here becomes one.
    files : tuple of OptionFile
        Files that options name; found when they are left out.

    Raises
    ------
    UsageError
        When an option does not exist or has another type.
    NotFoundError
        When a file that an option names is not there.
    """

    threshold: float = 5.0
    conv_width_pix: float | None = None
    peakmin: float | None = 1.0
    minobj: int = 5
    searchrad_arcsec: float = 1.0
    tolerance_pix: float = 2.0
    fitgeometry: str | None = None
    nclip: int = 3
    sigma: float = 3.0
    ylimit: float = 0.5
    expand_refcat: bool = False
    enforce_user_order: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    files: Files = ()

    def __post_init__(self) -> None:
        given = typed_options(Tool.TWEAKREG, self.extra)
        find = _mapping(given.pop("imagefindcfg", {}))
        fields = {name: getattr(self, field) for name, field in _TWEAKREG.items()}
        fields |= {name: find.pop(name) for name in _FINDING & find.keys()}
        fields |= {name: given.pop(name) for name in _TWEAKREG.keys() & given.keys()}
        plain, files = resolve_files(Tool.TWEAKREG, given, self.files)
        extra = {**plain, **({"imagefindcfg": find} if find else {})}
        _settle(self, Tool.TWEAKREG, _TWEAKREG, fields, extra, files)

    def as_parameters(self) -> dict[str, object]:
        """Parameters for TweakReg, JSON-able; conv_width and fitgeometry may be open."""
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
            # Plots are drawn from the match files; see2dplot needs a window.
            "see2dplot": False,
            "residplot": "No plot",
            **more,
            "interactive": False,
            **_recorded(self.files),
        }

    def tool_parameters(self) -> dict[str, object]:
        """Give :meth:`as_parameters` with the names of files where the tool runs."""
        return _for_tool(Tool.TWEAKREG, self.as_parameters(), self.files)

    @classmethod
    def recalled(cls, parameters: Mapping[str, object]) -> Self:
        """The settings of which :meth:`as_parameters` gave these."""
        given = {name: value for name, value in parameters.items() if name != "interactive"}
        files = recalled_files(given.pop(RECORD, None))
        if given.get("fitgeometry") is None:
            given.pop("fitgeometry", None)
        plain = cls().as_parameters()
        usual = ("searchunits", "see2dplot", "residplot")
        extra = {
            name: value
            for name, value in given.items()
            if name not in usual or value != plain[name]
        }
        return cls(extra=extra, files=files)


@dataclass(frozen=True)
class AstroDrizzleSettings:
    """Parameters of the mosaic, without the sky method.

    Parameters
    ----------
    skysub : bool
        Measure the sky and subtract it while drizzling.
    final_bits, sky_bits : str, int or None
        Good DQ flags of the mosaic and of the sky, or ``"None"`` to let all be good; None
        takes those that the archive's own mosaics of the detector are made with.
    resetbits : str or int
        Flags to reset first.
    reject_cosmic_rays : bool
        Find cosmic rays and leave them out of the mosaic: ``driz_separate``, ``median``,
        ``blot`` and ``driz_cr``, which AstroDrizzle can only do one after the other.
    final_wcs : bool
        Whether the output has the WCS that the ``final_*`` parameters say.
    final_rot_deg, final_scale_arcsec, final_pixfrac : float or None
        Orientation (0 is north up, None that of the exposures), pixel size and drop size of
        the mosaic. With ``final_refimage`` the orientation is that of the image.
    build : bool
        One file with SCI, WHT and CTX instead of one file each.
    clean : bool
        Remove drizzlepac's intermediate files at the end.
    extra : mapping
        More options of AstroDrizzle; what is a setting here becomes one.
    files : tuple of OptionFile
        Files that options name; found when they are left out.

    Raises
    ------
    UsageError
        When an option does not exist or has another type, or a reference image is given
        beside numbers for its grid.
    NotFoundError
        When a file that an option names is not there.
    """

    skysub: bool = True
    final_bits: str | int | None = None
    sky_bits: str | int | None = None
    resetbits: str | int = "4096"
    reject_cosmic_rays: bool = False
    final_wcs: bool = True
    final_rot_deg: float | None = NORTH_UP_DEG
    final_scale_arcsec: float | None = None
    final_pixfrac: float = 1.0
    context: bool = False
    build: bool = False
    clean: bool = True
    in_memory: bool = False
    num_cores: int | None = 1
    extra: Mapping[str, object] = field(default_factory=dict)
    files: Files = ()

    def __post_init__(self) -> None:
        given = typed_options(Tool.ASTRODRIZZLE, self.extra)
        last_step(given, is_asked=self.reject_cosmic_rays)  # refuses gaps
        fields = {name: getattr(self, field) for name, field in _ASTRODRIZZLE.items()}
        fields |= {name: given.pop(name) for name in _ASTRODRIZZLE.keys() & given.keys()}
        fields |= typed_options(Tool.ASTRODRIZZLE, {"final_wcs": fields["final_wcs"]})
        is_elsewhere = given.get("final_refimage") or not fields["final_wcs"]
        if is_elsewhere and fields["final_rot"] == NORTH_UP_DEG:
            fields["final_rot"] = None
        plain, files = resolve_files(Tool.ASTRODRIZZLE, given, self.files)
        require_one_grid({**plain, **fields})
        _settle(self, Tool.ASTRODRIZZLE, _ASTRODRIZZLE, fields, plain, files)

    @classmethod
    def pipeline(cls, *, skysub: bool = True, extra: Mapping[str, object] | None = None) -> Self:
        """Settings of a product as the archive makes it: one file, own orientation."""
        return cls(
            skysub=skysub, final_bits="16", sky_bits="0", final_wcs=False, final_rot_deg=None,
            build=True, extra=dict(extra or {}),
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether flags are still those of a detector that is not known yet."""
        return self.final_bits is None or self.sky_bits is None

    def completed(self, flags: Mapping[str, str]) -> Self:
        """The same settings, with the flags of a detector where they were left open.

        Parameters
        ----------
        flags : mapping of str to str
            ``sky_bits``, ``final_bits``, ``driz_sep_bits``; see
            :func:`skydb.drizzle.presets.flags_of`.
        """
        if not self.is_open:
            return self
        more = {name: text for name, text in flags.items() if name not in _ASTRODRIZZLE}
        return replace(
            self,
            sky_bits=flags["sky_bits"] if self.sky_bits is None else self.sky_bits,
            final_bits=flags["final_bits"] if self.final_bits is None else self.final_bits,
            extra={**more, **self.extra},
        )

    def as_parameters(self) -> dict[str, object]:
        """Parameters for AstroDrizzle besides inputs, output and method; JSON-able.

        Flags that are still open are left out, and so are options that define a grid where
        none is to be defined: drizzlepac takes the mere name as a request.
        """
        fields = {name: getattr(self, field) for name, field in _ASTRODRIZZLE.items()}
        last = last_step(self.extra, is_asked=self.reject_cosmic_rays)
        parameters = {
            "preserve": False,
            **{step: number < last for number, step in enumerate(STEPS)},
            # The same pixels are good in the mosaic and in the images that it is compared with.
            **({"driz_sep_bits": self.final_bits} if last and self.final_bits else {}),
            **{name: value for name, value in fields.items() if name not in _MAY_BE_OPEN},
            **{name: fields[name] for name in _MAY_BE_OPEN if fields[name] is not None},
            **self.extra,
        }
        for prefix in ("final_", "driz_sep_"):
            for name in (*grid_options(prefix), f"{prefix}refimage"):
                if parameters.get(name) in (None, "") or not parameters.get(f"{prefix}wcs", True):
                    parameters.pop(name, None)
        return {**parameters, **_recorded(self.files)}

    def tool_parameters(self) -> dict[str, object]:
        """Give :meth:`as_parameters` with the names of files where the tool runs."""
        return _for_tool(Tool.ASTRODRIZZLE, self.as_parameters(), self.files)

    @classmethod
    def recalled(cls, parameters: Mapping[str, object]) -> Self:
        """The settings of which :meth:`as_parameters` gave these."""
        given = dict(parameters)
        files = recalled_files(given.pop(RECORD, None))
        usual = ("preserve", "driz_separate", "median", "blot", "driz_cr")
        extra = {
            name: value for name, value in given.items() if name not in usual or value is not False
        }
        return cls(final_rot_deg=None, extra=extra, files=files)


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


def require_options(options: Mapping[str, object]) -> dict[str, object]:
    """Options of AstroDrizzle as its user named them, typed and found to agree.

    Parameters
    ----------
    options : mapping of str to object
        Values typed or as text.

    Raises
    ------
    UsageError
        When an option does not exist, has another type or contradicts another one.
    NotFoundError
        When a file that an option names is not there.
    """
    typed = typed_options(Tool.ASTRODRIZZLE, options)
    require_one_grid(typed)
    AstroDrizzleSettings(extra=typed)
    return typed


#: Options of source finding that are settings.
_FINDING = frozenset({"threshold", "conv_width", "peakmin"})

#: Options of a mosaic that are not passed on while nothing is said of them.
_MAY_BE_OPEN = ("sky_bits", "final_bits", "final_rot", "final_scale")


def _settle(
    settings: AstroDrizzleSettings | TweakRegSettings,
    tool: Tool,
    names: Mapping[str, str],
    fields: Mapping[str, object],
    extra: Mapping[str, object],
    files: Files,
) -> None:
    """Give settings their values, each typed and each once."""
    said = {name: value for name, value in fields.items() if value is not None}
    typed = typed_options(tool, said)
    typed |= _mapping(typed.pop("imagefindcfg", {}))
    for name, field_name in names.items():
        object.__setattr__(settings, field_name, typed.get(name))
    object.__setattr__(settings, "extra", dict(extra))
    object.__setattr__(settings, "files", files)


def _recorded(files: Files) -> dict[str, object]:
    return {RECORD: record_of(files)} if files else {}


def _for_tool(tool: Tool, parameters: Mapping[str, object], files: Files) -> dict[str, object]:
    """Parameters as a tool takes them: numbers that JSON has not, files where it runs."""
    plain = {name: value for name, value in parameters.items() if name != RECORD}
    filled = {name: _filling(name, value) for name, value in plain.items()}
    return staged_options(tool, filled, files)


def _filling(name: str, value: object) -> object:
    is_text = name.endswith(("fillval", "maskval")) and isinstance(value, str)
    return float(str(value)) if is_text else value


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"imagefindcfg must be a mapping, not {value!r}.")
    return dict(value)
