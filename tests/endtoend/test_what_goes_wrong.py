"""Problems without an error: downgrades, islands, fits of nothing."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from skydb.domain.vocabulary import SkyMethod
from tests import drizzle
from tests.commands import LedgerDirectory, skydb
from tests.endtoend.conftest import by_chip, simulate

pytestmark = pytest.mark.slow

#: On PYTHONPATH, it takes from spherical_geometry what 1.4.0 lacks.
WITHOUT_FLAT_POLYGONS = Path(drizzle.__file__).parent / "without_flat_polygons"


def test_a_downgraded_method_is_recorded_as_what_really_ran(ir_field, tmp_path, monkeypatch):
    ledger = ir_field.ledger.copied_to(tmp_path / "ledger")
    # Stale skies would be the same for both: only these two visits were never run alone.
    chosen = ("--visit", "bxl50", "--visit", "bxl51")
    monkeypatch.setenv("PYTHONPATH", str(WITHOUT_FLAT_POLYGONS))
    runs = ledger.json("sky", "run", "--method", "match,globalmin+match", *chosen, code=5)
    told = [(run["requested_method"], run["effective_method"]) for run in runs]
    assert told == [("match", "localmin"), ("globalmin+match", "globalmin")]
    assert all(run["downgraded"] and run["status"] == "succeeded" for run in runs)

    kinds = [row["kind"] for row in ledger.json("findings")]
    assert kinds.count("downgraded") == 2
    rows = ledger.json("sky", "compare")
    assert {row["match"] for row in rows} == {row["globalmin_match"] for row in rows} == {None}
    whole = ir_field.ledger.json("sky", "compare")
    expected = {
        key: value
        for key, value in by_chip(whole, "localmin").items()
        if key in by_chip(rows, "localmin")
    }
    assert by_chip(rows, "localmin") == pytest.approx(expected, abs=1e-6)
    (counted,) = ledger.json("sql", "SELECT COUNT(*) AS n FROM v_sky_values WHERE downgraded")
    assert counted == {"n": 8}

    said = ledger("sky", "run", "--method", "match", *chosen)
    assert said.code == 5
    assert "iter_polygons_flat" in said.err


def test_islands_have_no_common_zero_and_only_methods_that_match_are_flagged(tmp_path):
    simulated = simulate(tmp_path, "--islands", 2, "--tiles", "2x1", "--size", 128, "--dithers", 1)
    assert len(simulated.document) == 4
    ledger = LedgerDirectory(tmp_path)
    ledger.json("init")
    ledger.json("ingest", tmp_path / "field")
    methods = ("--method", "match,globalmin")
    match, globalmin = ledger.json("sky", "run", *methods, "--allow", "mixed-frames", code=5)
    assert (match["effective_method"], match["downgraded"]) == ("match", False)
    assert any("no common zero" in message for message in match["findings"])
    assert globalmin["findings"] == []
    assert {row["kind"] for row in ledger.json("findings")} == {"islands"}


def test_a_catalogue_of_another_sky_fits_nothing(ir_field, tmp_path):
    ledger = ir_field.ledger.copied_to(tmp_path / "ledger")
    stars = Table.read(ir_field.field / "gaia.ecsv")
    (dec,) = (name for name in stars.colnames if name.lower() in ("dec", "dec_deg"))
    stars[dec] = stars[dec] + 1.0
    stars.write(tmp_path / "elsewhere.ecsv", format="ascii.ecsv")
    ledger.json("refcat", "import", tmp_path / "elsewhere.ecsv", "--epoch", 2016.0)
    product = ir_field.truth.products[0]

    (fit,) = ledger.json("align", "run", "--refcat", "elsewhere", product, code=1)
    assert fit["status"] == "failed"
    assert fit["reason"]
    unknown = ("dx_pix", "dy_pix", "rotation_deg", "rms_ra_mas", "rms_dec_mas", "nmatches")
    assert {fit[key] for key in unknown} == {None}

    kinds = {row["kind"] for row in ledger.json("findings")}
    assert "fit-failed" in kinds
    refused = ledger("align", "accept", fit["run"])
    assert refused.code == 1
    assert refused.err


def test_a_file_cut_short_is_rejected_and_the_others_go_in(ir_field, tmp_path):
    files = sorted(ir_field.field.glob("*_flt.fits"))[:2]
    whole, cut = (tmp_path / file.name for file in files)
    whole.write_bytes(files[0].read_bytes())
    cut.write_bytes(files[1].read_bytes()[:-20_000])
    ledger = LedgerDirectory(tmp_path)
    ledger.json("init")
    rows = ledger.json("ingest", tmp_path, code=5)
    told = {Path(row["path"]).name: (row["status"], bool(row["reason"])) for row in rows}
    assert told == {whole.name: ("new", False), cut.name: ("rejected", True)}
    assert skydb("--db", ledger.url, "ingest", cut).code == 1


def test_a_changed_file_is_never_taken_for_the_one_on_record(ir_field, tmp_path):
    source = sorted(ir_field.field.glob("*_flt.fits"))[0]
    copy = tmp_path / source.name
    copy.write_bytes(source.read_bytes())
    ledger = LedgerDirectory(tmp_path)
    ledger.json("init")
    ledger.json("ingest", copy)
    content = bytearray(copy.read_bytes())
    content[-5000:] = np.random.default_rng(1).bytes(5000)
    copy.write_bytes(content)
    refused = ledger("sky", "run", "--method", SkyMethod.LOCALMIN)
    assert refused.code == 1
    assert copy.name in refused.err
