"""Counts beside electrons, and pixels that are no measurement: right values, and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from tests.endtoend.lookalikes import rewritten
from tests.endtoend.smallfield import NAMES, Ledger, field, ledger

__all__ = ["field", "ledger"]

Change = Callable[[fits.HDUList], object]

FIRST, SECOND, THIRD, LAST = NAMES
OWN = ("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "all")
GAIN = float(np.mean([2.3399999, 2.3699999, 2.3099999, 2.3800001]))
VALUES = (
    "SELECT r.effective_method AS method, e.rootname, v.extver, v.mdrizsky, v.unit "
    "FROM sky_values v JOIN sky_runs r ON r.id = v.run_id JOIN exposures e ON e.id = v.exposure_id"
)


def changed(source: Path, home: Path, **changes: Change) -> list[Path]:
    """The field, in which some exposures are others."""
    files = sorted(source.glob("*_fl?.fits"))
    return [
        rewritten(path, home / "taken" / path.name, changes[path.name[:9]])
        if path.name[:9] in changes
        else path
        for path in files
    ]


def in_counts(gain: float = GAIN, bunit: str = "COUNTS/S", time: float = 1.0) -> Change:
    """Pixels and errors as they were before they were multiplied by a gain."""

    def change(hdus: fits.HDUList) -> None:
        for hdu in hdus[1:]:
            if hdu.name in ("SCI", "ERR"):
                hdu.data = (hdu.data / gain * time).astype(np.float32)
            if hdu.name == "SCI":
                hdu.header["BUNIT"] = bunit

    return change


def all_are(value: float, extver: int | None = None) -> Change:
    """Every pixel the same."""

    def change(hdus: fits.HDUList) -> None:
        for hdu in hdus[1:]:
            if hdu.name == "SCI" and extver in (None, hdu.ver):
                hdu.data[:] = value

    return change


def all_flagged(hdus: fits.HDUList) -> None:
    for hdu in hdus[1:]:
        if hdu.name == "DQ":
            hdu.data[:] = 4


def no_numbers_here_and_there(hdus: fits.HDUList) -> None:
    hdus["SCI", 1].data[20:30, 20:30] = np.nan
    hdus["SCI", 1].data[:, 40] = np.nan
    hdus["SCI", 1].data[5, 5:7] = np.inf, -1e30
    hdus["ERR", 1].data[50, 50:53] = np.nan


def found(ledger: Ledger) -> dict[tuple[str, str, int], tuple[float | None, str | None]]:
    """Values and units of all runs, by method, exposure and chip."""
    rows: list[dict[str, Any]] = ledger.json("sql", VALUES)
    return {
        (row["method"], row["rootname"], row["extver"]): (row["mdrizsky"], row["unit"])
        for row in rows
    }


def skies(ledger: Ledger) -> dict[tuple[str, str, int], float]:
    """Values that there are."""
    return {key: sky for key, (sky, _) in found(ledger).items() if sky is not None}


@pytest.fixture(scope="session")
def right(field: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with the field as it should be, all methods run."""
    return ran(tmp_path_factory.mktemp("right"), sorted(field.glob("*_flt.fits")))


@pytest.fixture(scope="session")
def skies_without(
    field: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[tuple[str, str, int], float]]:
    """Values of all methods for the field without the first, and without the last exposure."""
    files = sorted(field.glob("*_flt.fits"))
    return {
        name: skies(
            ran(tmp_path_factory.mktemp("less"), [path for path in files if name not in path.name])
        )
        for name in (FIRST, LAST)
    }


@pytest.fixture(scope="session")
def two_chips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four exposures of one visit with two chips, in electrons."""
    directory = tmp_path_factory.mktemp("uvis")
    plan = FieldPlan(
        *(SimDetector.UVIS, (1, 1), 4), size=128, seed=5, products=False, stars=0, nebula=0.0
    )
    simulate_field(directory, plan)
    return directory


def ran(
    home: Path, files: list[Path], *words: object, code: int = 0, doubted: bool = False
) -> Ledger:
    """A new ledger of some files in which all methods were run."""
    home.mkdir(exist_ok=True)
    made = Ledger(f"sqlite:///{home / 'ledger.db'}", home)
    assert made("init").code == 0
    made.json("ingest", *files, code=5 if doubted else 0)
    spoken = made(*(words or OWN), "--json")
    assert spoken.code == code, spoken.err
    return made


def test_counts_beside_electrons_are_converted_by_the_gain_and_said(
    ledger: Ledger, field: Path, tmp_path: Path, right: Ledger
) -> None:
    files = changed(field, tmp_path, **{SECOND: in_counts()})
    before = files[1].read_bytes()
    ledger.json("ingest", *files)
    spoken = ledger(*OWN, "--json")
    assert spoken.code == 5
    assert f"mixed-units: {SECOND}: its pixels are in COUNTS/S" in spoken.err
    assert f"multiplied by {GAIN:.6g}" in spoken.err
    assert set(ledger.findings()) == {("mixed-units", SECOND)}
    assert skies(ledger) == pytest.approx(skies(right), abs=2e-6)
    assert {unit for _, unit in found(ledger).values()} == {"electron/s"}
    assert files[1].read_bytes() == before

    assert ledger(*OWN, "--strict").code == 1
    assert ledger(*OWN, "--allow", "mixed-units").code == 0
    (run, *_) = ledger.json(
        "sql", "SELECT MAX(id) AS id FROM sky_runs WHERE requested_method='match'"
    )
    spoken = ledger("sky", "audit", run["id"], "--json")
    assert spoken.code == 0, spoken.err
    assert all(abs(row["after"]) < 0.01 for row in spoken.document)


def no_gain(hdus: fits.HDUList) -> None:
    in_counts()(hdus)
    for card in ("ATODGNA", "ATODGNB", "ATODGNC", "ATODGND", "CCDGAIN"):
        del hdus[0].header[card]


def test_counts_without_a_gain_are_refused_with_the_inputs(field: Path, tmp_path: Path) -> None:
    made = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    assert made("init").code == 0
    made.json("ingest", *changed(field, tmp_path, **{SECOND: no_gain, LAST: in_counts()}))
    spoken = made(*OWN)
    assert spoken.code == 1
    assert f"{SECOND} has no gain in its header" in spoken.err
    assert all(name in spoken.out + spoken.err for name in NAMES), spoken
    # Numbers of different units cannot be compared, whoever allows it.
    spoken = made(*OWN, "--allow", "mixed-units")
    assert spoken.code == 1 and "by themselves" in spoken.err
    assert found(made) == {}


def test_totals_beside_rates_and_two_chips_are_converted_too(
    two_chips: Path, tmp_path: Path
) -> None:
    truth = FieldTruth.load(two_chips)
    exptime_s = fits.getval(next(two_chips.glob("*_flc.fits")), "EXPTIME")
    names = [one.rootname for one in truth.exposures]
    changes = {
        names[0]: in_counts(1.56, "COUNTS"),
        names[2]: in_counts(1.56, "counts/s", 1 / exptime_s),
        names[3]: in_counts(1.0, "ELECTRONS/S", 1 / exptime_s),
    }
    asis = skies(ran(tmp_path / "asis", sorted(two_chips.glob("*_flc.fits"))))
    mixed = ran(tmp_path / "mixed", changed(two_chips, tmp_path, **changes), code=5)
    units = {unit for _, unit in found(mixed).values()}
    assert len(units) == 1
    scale = 1.0 if units == {"electron"} else exptime_s
    assert {k: sky * scale for k, sky in skies(mixed).items()} == pytest.approx(asis, abs=5e-3)


NOTHING = {
    "zeros": all_are(0.0),
    "huge": all_are(1e30),
    "far below": all_are(-1e30),
    "no numbers": all_are(np.nan),
    "infinite": all_are(np.inf),
    "flagged": all_flagged,
}


@pytest.mark.parametrize("where", [FIRST, LAST])
@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
def test_an_exposure_whose_pixels_hold_no_signal_is_left_out_said_and_null(
    field: Path,
    tmp_path: Path,
    change: Change,
    where: str,
    skies_without: dict[str, dict[tuple[str, str, int], float]],
) -> None:
    doubted = change in (NOTHING["no numbers"], NOTHING["infinite"])
    made = ran(tmp_path, changed(field, tmp_path, **{where: change}), code=5, doubted=doubted)
    kinds = [kind for kind, _ in made.findings()]
    assert kinds.count("doubtful-file") == doubted
    assert made.findings().count(("no-signal", where)) == 4 == len(kinds) - doubted
    assert {sky for (_, name, _), (sky, _) in found(made).items() if name == where} == {None}
    used = made.json("sql", "SELECT DISTINCT rootname, role FROM v_run_inputs")
    assert {row["rootname"] for row in used if row["role"] == "left-out"} == {where}
    here = skies(made)
    assert made(*OWN, "--strict").code == 1
    assert here == skies_without[where]


def test_a_chip_without_signal_is_null_and_the_other_one_counts(
    two_chips: Path, tmp_path: Path
) -> None:
    name = next(one.rootname for one in FieldTruth.load(two_chips).exposures)
    made = ran(tmp_path, changed(two_chips, tmp_path, **{name: all_are(1e30, 1)}), code=5)
    assert set(made.findings()) == {("no-signal", f"{name}[1]")}
    empty = {key[1:] for key, (sky, _) in found(made).items() if sky is None}
    assert empty == {(name, 1)}
    assert all(abs(sky) < 1e3 for sky in skies(made).values())


@pytest.mark.parametrize("engine", ["skydb", "astrodrizzle"])
def test_mosaics_have_no_holes_and_skies_are_right_whatever_is_wrong_with_the_pixels(
    field: Path, tmp_path: Path, engine: str, right: Ledger
) -> None:
    changes: dict[str, Change] = {
        FIRST: all_are(1e30), SECOND: no_numbers_here_and_there, THIRD: in_counts()
    }  # fmt: skip
    words = ("sky", "run", "--engine", engine, "--method", "localmin,match")
    made = ran(tmp_path, changed(field, tmp_path, **changes), *words, code=5)
    assert set(made.findings()) == {
        ("no-signal", FIRST),
        ("bad-pixels", f"{SECOND}[1]"),
        ("mixed-units", THIRD),
    }
    (told,) = {row["message"] for row in made.json("findings") if row["kind"] == "bad-pixels"}
    # Of 169 one is flagged in the file, as it counts.
    assert told.startswith("165 pixels are not numbers or beyond any detector and 3 pixels have an")
    expected, got = skies(right), skies(made)
    local = {key: sky for key, sky in expected.items() if key[0] == "localmin" and key[1] != FIRST}
    assert {key: got[key] for key in local} == pytest.approx(local, abs=1e-3)
    offsets = [got["match", name, 1] - got["match", LAST, 1] for name in (SECOND, THIRD)]
    truth = [expected["match", name, 1] - expected["match", LAST, 1] for name in (SECOND, THIRD)]
    assert offsets == pytest.approx(truth, abs=2e-3)
    for row in made.json("sql", "SELECT science_path, weight_path FROM mosaics"):
        science, weight = (
            fits.getdata(made.home / "data" / row[name]) for name in ("science_path", "weight_path")
        )
        seen = np.isfinite(weight) & (weight > 0)
        assert seen.any() and np.isfinite(weight).all()
        assert np.isfinite(science[seen]).all() and np.abs(science[seen]).max() < 5
