"""Options of the archive's own mosaics, read from drizzlepac."""

from __future__ import annotations

import json

import pytest

from skydb.drizzle.optionspec import drizzlepac_directory
from skydb.drizzle.presets import (
    TUTORIAL_OPTIONS,
    ObservingMode,
    completed,
    flags_of,
    hap_options,
    mode_named,
)
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import UsageError

EARLY_MJD, LATE_MJD = 55000.0, 57000.0


@pytest.mark.parametrize(
    ("mode", "source"),
    [
        (ObservingMode("WFC3", "IR", 1), "wfc3/ir/wfc3_ir_astrodrizzle_any_n1.json"),
        (ObservingMode("WFC3", "IR", 3), "wfc3/ir/wfc3_ir_astrodrizzle_any_n2.json"),
        (ObservingMode("WFC3", "IR", 18), "wfc3/ir/wfc3_ir_astrodrizzle_any_n4.json"),
        (ObservingMode("WFC3", "IR", 4, "G141"), "wfc3/ir/wfc3_ir_astrodrizzle_grism_n4.json"),
        (
            ObservingMode("WFC3", "UVIS", 5, "F606W", EARLY_MJD),
            "wfc3/uvis/wfc3_uvis_astrodrizzle_any_pre2012_n2.json",
        ),
        (
            ObservingMode("WFC3", "UVIS", 6, "F606W", LATE_MJD),
            "wfc3/uvis/wfc3_uvis_astrodrizzle_any_n6.json",
        ),
        (ObservingMode("ACS", "WFC", 6), "acs/wfc/acs_wfc_astrodrizzle_any_n6.json"),
        (ObservingMode("ACS", "HRC", 2), "acs/hrc/acs_hrc_astrodrizzle_any_n2.json"),
        (ObservingMode("ACS", "SBC", 9, "F150LP"), "acs/sbc/acs_sbc_astrodrizzle_any_any.json"),
        (ObservingMode("ACS", "SBC", 9, "F115LP"), "acs/sbc/acs_sbc_astrodrizzle_blue_n6.json"),
        (ObservingMode("WFPC2", "", 3), "wfpc2/pc/wfpc2_pc_astrodrizzle_any_n3.json"),
    ],
)
def test_hap_chooses_by_detector_number_filter_and_date(mode: ObservingMode, source: str) -> None:
    options = hap_options(mode)
    assert options["final_bits"][1] == source
    home = drizzlepac_directory() / "pars" / "hap_pars" / "svm_parameters"
    said = json.loads((home / source).read_text())["STEP 7: DRIZZLE FINAL COMBINED IMAGE"]
    for name in ("final_bits", "final_kernel", "final_pixfrac"):
        assert options[name][0] == said[name]


def test_hap_options_are_settings_and_nothing_else() -> None:
    options = {name: pair[0] for name, pair in hap_options(ObservingMode("ACS", "WFC", 4)).items()}
    assert not {"skymethod", "build", "runfile", "in_memory"} & options.keys()
    settings = AstroDrizzleSettings(extra=options)
    assert settings.reject_cosmic_rays is True
    assert (settings.sky_bits, settings.final_bits, settings.final_rot_deg) == ("80", "336", 0.0)


@pytest.mark.parametrize(
    ("mode", "sky_bits", "final_bits"),
    [
        (ObservingMode("WFC3", "IR", 1), "16", "528"),
        (ObservingMode("WFC3", "UVIS", 1, "", EARLY_MJD), "96", "352"),
        (ObservingMode("WFC3", "UVIS"), "80", "336"),
        (ObservingMode("ACS", "HRC"), "64", "64"),
        (ObservingMode("STIS", "CCD"), "0", "0"),
    ],
)
def test_flags_are_those_of_the_detector_whatever_the_number_of_exposures(
    mode: ObservingMode, sky_bits: str, final_bits: str
) -> None:
    flags = flags_of(mode)
    assert (flags["sky_bits"], flags["final_bits"]) == (sky_bits, final_bits)


def test_flags_that_are_named_stay(acs_hrc_flt) -> None:
    settings = completed(AstroDrizzleSettings(sky_bits="16"), [acs_hrc_flt])
    assert (settings.sky_bits, settings.final_bits) == ("16", "64")
    whole = AstroDrizzleSettings(extra=TUTORIAL_OPTIONS)
    assert completed(whole, []) is whole


def test_a_detector_is_known_by_its_name_or_with_its_instrument() -> None:
    assert mode_named("ir", 2).key == mode_named("WFC3/IR", 2).key == "wfc3_ir"
    assert mode_named("wfpc2", 2).key == "wfpc2_pc"
    for name in ("STIS", "WFC3", ""):
        with pytest.raises(UsageError, match="HAP has no options for"):
            mode_named(name, 2)
    with pytest.raises(UsageError, match="HAP has no options for NICMOS"):
        hap_options(ObservingMode("NICMOS", ""))
