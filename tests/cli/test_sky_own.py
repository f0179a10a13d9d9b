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


def test_values_come_with_their_sigma(ingested) -> None:
    rows = ingested.json("sky", "run", "--no-mosaic")
    told = [value for row in rows for value in row["values"]]
    assert len(told) == 8 and all(value["mdrizsky_sigma"] is not None for value in told)
    (match,) = (row for row in rows if row["requested_method"] == "match")
    zero, other = sorted(match["values"], key=lambda value: value["mdrizsky"])
    assert zero["mdrizsky_sigma"] == 0.0 < other["mdrizsky_sigma"] < 0.05
    compared = ingested.json("sky", "compare", "--sigma")
    assert sorted(row["match_sigma"] for row in compared) == [0.0, other["mdrizsky_sigma"]]
    shown = ingested("sky", "compare", "--sigma").out
    assert f"{other['mdrizsky_sigma']:.2g}" in shown
    answer = ingested.json("sql", "SELECT mdrizsky_sigma FROM v_sky_values")
    assert sorted(row["mdrizsky_sigma"] for row in answer) == sorted(
        value["mdrizsky_sigma"] for value in told
    )


def test_runs_of_several_fields_name_the_field_of_each(ingested) -> None:
    words = ("sky", "run", "--no-mosaic", "--method", "localmin")
    rows = ingested.json(*words, "--each", "visit")
    (visit,) = {row["visit"] for row in ingested.json("status")}
    assert [row["field"].partition(",")[0] for row in rows] == [f"visit {visit}"]
    assert f"visit {visit}" in " ".join(ingested(*words, "--each", "visit").out.split())
    assert [row["field"] for row in ingested.json(*words)] == [None]


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
        (("--engine", "magic"), "Use one of astrodrizzle, skydb"),
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


def test_a_preset_is_shown_kept_and_used(ingested) -> None:
    shown = ingested.json("preset", "show", "hap", "--detector", "UVIS", "--exposures", "6")
    assert {row["name"]: row["value"] for row in shown}["final_bits"] == "336"
    assert all(row.keys() == {"tool", "name", "value", "source"} for row in shown)
    ingested.json("preset", "set", "flat", "-o", "skystat=mean", "-o", "final_kernel=point")
    assert [row["name"] for row in ingested.json("preset", "list")] == ["tutorial", "hap", "flat"]
    run = ("sky", "run", "--no-mosaic", "--method", "localmin")
    (plain,) = ingested.json(*run)
    (flat,) = ingested.json(*run, "--preset", "flat")
    (same,) = ingested.json(*run, "-o", "skystat=mean")
    assert flat["run"] != plain["run"] and same["run"] == flat["run"]
    ingested.json("preset", "remove", "flat")
    assert ingested("preset", "show", "flat").code == 4


def test_no_sky_is_a_run_without_a_method(ingested) -> None:
    (row,) = ingested.json("sky", "run", "--no-mosaic", "-o", "skysub=no")
    assert (row["requested_method"], row["effective_method"]) == ("none", "none")
    values = ingested.json("sql", f"SELECT mdrizsky FROM v_sky_values WHERE run_id = {row['run']}")
    assert {value["mdrizsky"] for value in values} == {0.0}
