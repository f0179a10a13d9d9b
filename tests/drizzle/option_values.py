"""A value for every option of AstroDrizzle that is not the one it has without being named."""

from __future__ import annotations

from skydb.drizzle.options import OWNED
from skydb.drizzle.optionspec import OptionKind, OptionSpec, Tool, specification
from skydb.drizzle.settings import AstroDrizzleSettings

#: Where any other value would be nonsense, or would need a file.
_CHOSEN: dict[str, object] = {
    "wcskey": "A",
    "group": "1",
    "gain": "2.0",
    "rdnoise": "10.0",
    "exptime": "100.0",
    "gnkeyword": "CCDGAIN",
    "rnkeyword": "READNSEA",
    "expkeyword": "EXPTIME",
    "num_cores": 2,
    "stepsize": 5,
    "skylower": 0.5,
    "skyupper": 2.0,
    "skywidth": 0.3,
    "skylsigma": 2.0,
    "skyusigma": 2.0,
    "skyclip": 2,
    "driz_sep_wt_scl": "expsq",
    "final_wt_scl": "expsq",
    "final_pixfrac": 0.7,
    "driz_sep_pixfrac": 0.6,
    "final_fillval": -5.0,
    "final_maskval": -7.0,
    "final_rot": 30.0,
    "final_scale": 0.1,
    "final_outnx": 90,
    "final_outny": 80,
    "final_crpix1": 30.0,
    "final_crpix2": 40.0,
    "combine_nsigma": "6 5",
    "driz_cr_snr": "5.0 4.0",
    "driz_cr_scale": "1.5 1.0",
    "sky_bits": "64",
    "final_bits": "64",
    "resetbits": "64",
    "driz_sep_bits": "64",
    "static_sig": 2.0,
}

#: Options that name a file; the test makes one.
FILES = ("rules_file", "skymask_cat", "skyfile", "driz_sep_refimage", "final_refimage")


def usual() -> dict[str, object]:
    """Options of AstroDrizzle by default, and its own defaults for the rest."""
    own = {name: spec.default for name, spec in every_option().items()}
    return {**own, **AstroDrizzleSettings(sky_bits="0", final_bits="0").as_parameters()}


def every_option() -> dict[str, OptionSpec]:
    """Options of AstroDrizzle that users can give."""
    known = specification(Tool.ASTRODRIZZLE)
    return {name: spec for name, spec in known.items() if name not in OWNED[Tool.ASTRODRIZZLE]}


def another_value(spec: OptionSpec) -> object:
    """A value that an option does not have without being named."""
    if spec.name in _CHOSEN:
        return _CHOSEN[spec.name]
    now = usual()[spec.name]
    if spec.kind is OptionKind.BOOLEAN:
        return str(now) != "True"
    if spec.kind is OptionKind.CHOICE:
        words = [word for word in spec.choices if word not in (now, "tophat")]
        return words[0]
    if spec.kind is OptionKind.INTEGER:
        return int(float(str(now or 0))) + 3
    if spec.kind is OptionKind.FLOAT:
        return float(str(now or 0)) + 0.5
    return "MYKEY"
