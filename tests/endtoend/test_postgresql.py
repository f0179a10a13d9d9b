"""The same chain on a PostgreSQL ledger gives the same numbers."""

import pytest

from tests.commands import skydb
from tests.endtoend.conftest import by_chip

pytestmark = pytest.mark.slow


def test_a_postgresql_ledger_says_what_a_sqlite_one_says(ir_field, postgres_url, tmp_path):
    def answer(*words):
        spoken = skydb("--db", postgres_url, "--data", tmp_path, *words, "--json")
        assert spoken.code == 0, spoken.err
        return spoken.document

    assert answer("init")["is_current"] is True
    files = [row["path"] for row in ir_field.answers["ingest"].document]
    assert {row["status"] for row in answer("ingest", *files)} == {"new"}
    answer("refcat", "import", ir_field.field / "gaia.ecsv", "--epoch", 2016.0, "--name", "gaia")

    fits = answer("align", "run", "--refcat", "gaia")
    expected = ir_field.answers["align run"].document
    assert [_numbers(fit) for fit in fits] == [pytest.approx(_numbers(fit)) for fit in expected]

    accepted = answer("align", "accept", fits[0]["run"])
    assert _shifts(accepted) == pytest.approx(_shifts(ir_field.answers["align accept"].document))

    (run,) = answer("sky", "run", "--method", "match")
    assert (run["effective_method"], run["downgraded"]) == ("match", False)
    there, here = answer("sky", "compare"), ir_field.ledger.json("sky", "compare")
    assert by_chip(there, "match") == pytest.approx(by_chip(here, "match"), abs=1e-6)
    assert set(there[0]) == set(here[0])


def _numbers(fit):
    names = ("dx_pix", "dy_pix", "rotation_deg", "scale", "nmatches", "rms_ra_mas", "trust")
    return {name: fit[name] for name in names}


def _shifts(outcomes):
    return {row["rootname"]: row["realised_shift_mas"] for row in outcomes}
