"""The same chain on a PostgreSQL ledger gives the same numbers."""

import pytest

from skydb.simulate.verify import sky_error
from tests.commands import skydb
from tests.endtoend.conftest import by_chip
from tests.endtoend.test_ir_field import SKY_BAR_E_S

pytestmark = pytest.mark.slow


#: Fits, shifts and localmin are of one visit each: half the field has to give the same.
VISITS = ("ibxl50", "ibxl51")


def test_a_postgresql_ledger_says_what_a_sqlite_one_says(ir_field, postgres_url, tmp_path):
    def answer(*words):
        spoken = skydb("--db", postgres_url, "--data", tmp_path, *words, "--json")
        assert spoken.code == 0, spoken.err
        return spoken.document

    assert answer("init")["is_current"] is True
    files = [path for path in ir_field.field.glob("*.fits") if path.name.startswith(VISITS)]
    assert {row["status"] for row in answer("ingest", *files)} == {"new"}
    answer("refcat", "import", ir_field.field / "gaia.ecsv", "--epoch", 2016.0, "--name", "gaia")

    fits = answer("align", "run", "--refcat", "gaia")
    expected = {fit["product"]: fit for fit in ir_field.answers["align run"].document}
    assert len(fits) == 2
    for fit in fits:
        assert _numbers(fit) == pytest.approx(_numbers(expected[fit["product"]]))

    here = _shifts(ir_field.answers["align accept"].document)
    there = _shifts(answer("align", "accept", fits[0]["run"]))
    assert there == pytest.approx({rootname: here[rootname] for rootname in there})

    runs = answer("sky", "run", "--method", "localmin,match")
    assert [run["effective_method"] for run in runs] == ["localmin", "match"]
    compared, known = answer("sky", "compare"), ir_field.ledger.json("sky", "compare")
    values, expected_values = by_chip(compared, "localmin"), by_chip(known, "localmin")
    assert len(values) == 4
    assert values == {chip: pytest.approx(expected_values[chip], abs=1e-6) for chip in values}
    match = sky_error(ir_field.truth, by_chip(compared, "match"), relative=True)
    assert match.rms <= SKY_BAR_E_S
    assert set(compared[0]) == set(known[0])


def _numbers(fit):
    names = ("dx_pix", "dy_pix", "rotation_deg", "scale", "nmatches", "rms_ra_mas")
    return {name: fit[name] for name in names}


def _shifts(outcomes):
    return {row["rootname"]: row["realised_shift_mas"] for row in outcomes}
