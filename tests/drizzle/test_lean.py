"""A task imports what it needs of drizzlepac, and finds what it finds with all of it."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from astropy.io import fits

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tasks import astrodrizzle
from skydb.drizzle.tweakreg import TweakReg
from tests.drizzle.exposures import write_catalog

#: Of no use to any of them.
_HEAVY = {
    *("sqlalchemy", "matplotlib", "photutils", "sklearn", "pandas", "skydb.domain"),
    *("asdf", "requests", "lxml", "pyparsing", "numpy.f2py.f2py2e"),
}


def printed(script: str) -> list[str]:
    """Words that a Python of its own prints."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("part", "needed", "unused"),
    [
        ("DRIZZLE", "drizzlepac.adrizzle", "drizzlepac.tweakutils"),
        ("REJECTION", "drizzlepac.drizCR", "scipy.signal._signaltools"),
        ("TWEAKREG", "drizzlepac.imgclasses", "scipy.stats"),
        ("TWEAKREG", "scipy.ndimage", "scipy.special._ufuncs"),
        ("TWEAKBACK", "drizzlepac.updatehdr", "scipy.ndimage"),
    ],
)
def test_every_import_costs_time_in_every_call(part: str, needed: str, unused: str) -> None:
    imported = set(
        printed(
            "import sys; from skydb.drizzle.tasks import lean;"
            f"lean.import_drizzlepac(lean.{part});"
            "from skydb.drizzle.tasks import onepass_output, onepass_rejecting;"
            "from skydb.drizzle.tasks import tweakback, tweakreg;"
            "print(*{name.partition('.')[0] for name in sys.modules}, *sys.modules)"
        )
    )
    assert needed in imported
    assert not imported & {*_HEAVY, unused, "stsci.skypac.skymatch"}


def test_astropy_does_with_fits_what_it_is_configured_to_do(tmp_path: Path) -> None:
    directory = tmp_path / "astropy"
    directory.mkdir()
    (directory / "astropy.cfg").write_text("[io.fits]\nuse_memmap = False\n")
    script = (
        f"import os; os.environ['XDG_CONFIG_HOME'] = {str(tmp_path)!r};"
        "from astropy.io import fits; asked = list(fits.conf);"
        "from skydb.drizzle.tasks import lean; lean.import_drizzlepac(lean.TWEAKBACK);"
        "print(*(str(getattr(fits.conf, name)) for name in asked), len([*fits.conf]),"
        " fits.conf.use_memmap, fits.conf.lazy_load_hdus)"
    )
    *settled, looked_up, memmap, lazy = printed(script)
    assert (len(settled), looked_up, memmap, lazy) == (6, "0", "False", "True")


def test_a_drizzlepac_that_is_built_otherwise_is_imported_as_a_whole() -> None:
    # It imports modules below one that is left for later, too.
    version, has_all, has_functions, window = printed(
        "from skydb.drizzle.tasks import lean;"
        "found = lean.import_drizzlepac(lean.Part(('no_such_module',), late=('scipy.signal',)));"
        "import stsci.skypac.skymatch, drizzlepac;"
        "print(found.__version__, found is drizzlepac and hasattr(found, 'haputils'),"
        " hasattr(stsci.skypac.utils, 'get_ext_list'));"
        "import scipy.signal.windows as below; print(below.hann.__name__)"
    )
    assert (version[:1].isdigit(), has_all, has_functions) == (True, "True", "True")
    assert window == "hann"


def test_a_module_that_is_left_for_later_is_there_when_it_is_asked_for() -> None:
    before, function, after = printed(
        "import sys; from skydb.drizzle.tasks import lean;"
        "lean.import_drizzlepac(lean.TWEAKREG);"
        "import drizzlepac.tweakutils as used;"
        "print('scipy.signal._signaltools' in sys.modules, used.signal.convolve2d.__module__,"
        " 'scipy.signal._signaltools' in sys.modules)"
    )
    assert (before, after) == ("False", "True")
    assert function.startswith("scipy.signal")


def test_the_service_of_astrometry_is_imported_when_it_is_asked_for() -> None:
    before, names, after = printed(
        "import sys; from skydb.drizzle.tasks import lean;"
        "lean.import_drizzlepac(lean.TWEAKREG);"
        "from stwcs import updatewcs;"
        "print('requests' in sys.modules, hasattr(updatewcs.astrometry_utils, 'AstrometryDB'),"
        " 'requests' in sys.modules)"
    )
    assert (before, names, after) == ("False", "True", "True")


def test_a_package_of_which_the_version_is_printed_is_not_imported_for_that() -> None:
    words = printed(
        "import sys; from skydb.drizzle.tasks import lean;"
        "lean.import_drizzlepac(lean.TWEAKREG);"
        "from drizzlepac.util import print_pkg_versions; print_pkg_versions();"
        "print('gwcs' in sys.modules);"
        "from tweakwcs import TPMatch; print(TPMatch.__module__, 'gwcs' in sys.modules)"
    )
    *said, before, module, after = words
    assert f"tweakwcs Version -> {metadata.version('tweakwcs')} " in " ".join(said)
    assert (before, after) == ("False", "True")
    assert module.startswith("tweakwcs")


@pytest.mark.slow
def test_a_fit_is_the_same_to_the_last_bit(
    product: Path, runner: DrizzlepacRunner, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    catalog = write_catalog(tmp_path / "cat")
    found = []
    for name in ("whole", "lean"):
        (fit,) = TweakReg(runner).fit([product], catalog, TweakRegSettings(), tmp_path / name)
        assert fit.reason is None
        found.append(fit)
        request.getfixturevalue("fresh_workers")
    whole, lean = found
    for number in ("dx_pix", "dy_pix", "rotation_deg", "scale", "rms_ra_mas", "nmatches"):
        assert getattr(whole, number) == getattr(lean, number), number
    assert whole.match_file.read_text() == lean.match_file.read_text()
    with fits.open(whole.fitted_copy) as one, fits.open(lean.fitted_copy) as other:
        for keyword in ("CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "WCSNAME"):
            assert one["SCI", 1].header[keyword] == other["SCI", 1].header[keyword]


def test_astrodrizzle_as_well_asks_once_what_astropy_does_with_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[bool] = []
    monkeypatch.setitem(sys.modules, "drizzlepac", SimpleNamespace(astrodrizzle=None))
    monkeypatch.setattr(astrodrizzle, "settle_configuration", lambda: settled.append(True))
    monkeypatch.setattr(astrodrizzle, "versions", dict)
    assert astrodrizzle.run({"jobs": []}, tmp_path) == {"jobs": [], "versions": {}}
    assert settled == [True]
