"""``skydb sky run`` with skydb's own engine as a script meets it."""

from __future__ import annotations

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan

KEYS = {
    *("run", "requested_method", "effective_method", "downgraded", "status", "seconds", "mosaic"),
    *("engine", "reused"),
}


def test_values_of_all_methods_without_mosaics(ingested) -> None:
    rows = ingested.json("sky", "run", "--no-mosaic")
    assert [row["requested_method"] for row in rows] == [
        *("localmin", "match", "globalmin+match", "globalmin"),
    ]
    assert all(row.keys() >= KEYS for row in rows)
    assert {(row["engine"], row["status"], row["mosaic"]) for row in rows} == {
        ("skydb", "succeeded", None)
    }
    again = ingested.json("sky", "run", "--no-mosaic", "--engine", "skydb")
    assert all(row["reused"] for row in again)
    compared = ingested.json("sky", "compare")
    assert len(compared) == 2 and min(row["match"] for row in compared) == 0.0
    assert len(ingested.json("sky", "audit", rows[1]["run"])) == 1


def test_islands_end_with_5_and_say_so(ledger, tmp_path) -> None:
    plan = FieldPlan(tiles=(1, 1), size=64, seed=2, islands=2, products=False)
    simulate_field(tmp_path / "field", plan)
    ledger.json("ingest", tmp_path / "field")
    spoken = ledger("sky", "run", "--no-mosaic", "--method", "match")
    assert spoken.code == 5 and "no common zero" in spoken.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "astrodrizzle", "--no-mosaic"), "only on the way to a mosaic"),
        (("--engine", "magic"), "Engines: astrodrizzle, skydb"),
        (("--no-mosaic", "-o", "final_kernel=point"), "final_kernel"),
    ],
)
def test_what_cannot_be_is_a_wrong_usage(ingested, words, said) -> None:
    spoken = ingested("sky", "run", *words)
    assert spoken.code == 2 and said in spoken.err


def test_a_file_that_is_gone_is_a_failure_of_all_methods(ledger, field, tmp_path) -> None:
    copy = tmp_path / "field"
    copy.mkdir()
    for path in field.glob("*_flt.fits"):
        (copy / path.name).write_bytes(path.read_bytes())
    ledger.json("ingest", copy)
    next(copy.glob("*_flt.fits")).unlink()
    rows = ledger.json("sky", "run", "--no-mosaic", code=1)
    assert {row["status"] for row in rows} == {"failed"}
    assert all("is gone" in row["error"] for row in rows)
