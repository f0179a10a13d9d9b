"""A fit moves what it was made of, and a run uses what the rule says (real fits)."""

import json

import pytest

from tests.endtoend.conftest import by_chip
from tests.endtoend.lookalikes import exposure_file, in_visit, product_file, rewritten
from tests.endtoend.mixed import (
    ALIGNED_MAS,
    DATABASES,
    POSTGRESQL,
    SQLITE,
    UNTOUCHED_MAS,
    alignment,
    contents,
    errors_mas,
    ledger_on,
    mixed_field,
    path_of,
    redelivered,
)

pytestmark = pytest.mark.slow

__all__ = ["ledger_on", "mixed_field"]

DETECTORS = ["IR", "UVIS", "WFC"]


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_fit_of_the_pipelines_product_moves_the_pipelines_files_and_no_others(
    mixed_field, detector
):
    chain = mixed_field(detector)
    assert {step: answer.code for step, answer in chain.answers.items()} == dict.fromkeys(
        chain.answers, 0
    )
    names = {one.rootname for one in chain.truth.exposures}
    moved_its_own_and_no_others(chain, chain.ledger, names, chain.answers["align accept"].document)


def test_a_fit_on_postgresql_moves_the_same_files_by_as_much(mixed_field, ledger_on, tmp_path):
    chain = mixed_field("IR")
    names = in_visit(chain.field, "50")
    ledger = ledger_on(POSTGRESQL, tmp_path / "ledger")
    # The other way round than in the field's own ledger: HAP's files first.
    ledger.json("ingest", *svm_files(chain, names))
    own = [exposure_file(chain.field, name) for name in names]
    ledger.json("ingest", product_file(chain.field, "50"), *own)
    ledger.json("refcat", "import", chain.field / "gaia.ecsv", "--epoch", 2016.0, "--name", "gaia")
    (fit,) = ledger.json("align", "run", "--refcat", "gaia")
    outcomes = ledger.json("align", "accept", fit["run"])
    moved_its_own_and_no_others(chain, ledger, set(names), outcomes)
    there = {row["rootname"]: row for row in chain.answers["align accept"].document}
    for row in outcomes:
        known = there[row["rootname"]]
        assert row["realised_shift_mas"] == pytest.approx(known["realised_shift_mas"])


def svm_files(chain, names):
    """HAP's files of exposures."""
    return [path for name in names for path in (chain.root / "svm").glob(f"*_{name[:8]}_*")]


def moved_its_own_and_no_others(chain, ledger, names, outcomes):
    """Assert that the pipeline's files are where they belong, and HAP's where they were."""
    assert {row["rootname"] for row in outcomes} == names
    assert len(outcomes) == len(names)
    made = contents(ledger, "pv.derived_from_id IS NOT NULL")
    assert {row["flavour"] for row in made} == {"pipeline"}
    moved = errors_mas(ledger, chain.truth, made)
    assert moved.keys() == names
    assert max(moved.values()) <= ALIGNED_MAS
    for flavour, worst in (("svm", UNTOUCHED_MAS), ("pipeline", None)):
        came = contents(ledger, f"p.flavour = '{flavour}' AND pv.derived_from_id IS NULL")
        left = errors_mas(ledger, chain.truth, came)
        assert left.keys() == names
        assert (max(left.values()) <= worst) if worst else (min(left.values()) > 50.0)


@pytest.mark.parametrize(
    ("detector", "database"),
    [("IR", SQLITE), ("IR", POSTGRESQL), ("UVIS", POSTGRESQL), ("WFC", SQLITE)],
)
def test_a_run_then_uses_the_aligned_files_and_says_why_and_what_it_passed_over(
    mixed_field, ledger_on, tmp_path, detector, database
):
    chain = mixed_field(detector)
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    shown = ledger.json("sky", "run", "--explain-inputs")
    assert {row["flavour"] for row in shown} == {"pipeline"}
    assert all(row["alignment"].startswith("solution:") for row in shown)
    assert all("all exposures are aligned" in row["reason"] for row in shown)
    for row in shown:
        assert row["passed_over"] == f"svm {row['kind']} {row['rootname']}@1"
        assert row["flags"] == ""
    (run,) = ledger.json("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "match")
    used = ledger.json("sql", f"SELECT * FROM v_run_inputs WHERE run_id = {run['run']}")
    keys = ("rootname", "flavour", "version", "wcs_name", "alignment", "reason", "passed_over")
    assert sorted([tuple(row[key] for key in keys) for row in used]) == sorted(
        [tuple(row[key] for key in keys) for row in shown]
    )
    assert ledger.json("findings") == []


@pytest.mark.parametrize("database", DATABASES)
def test_aligned_exposures_beside_a_redelivered_visit_are_refused_unless_allowed(
    mixed_field, ledger_on, tmp_path, database
):
    chain = mixed_field("IR")
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    anew = in_visit(chain.field, "51")
    redelivered(chain, tmp_path / "again", anew)
    ledger.json("ingest", *sorted((tmp_path / "again").glob("*_flt.fits")))
    run = ("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "match")

    refused = ledger(*run)
    assert refused.code == 1
    assert "mixed-alignment" in refused.err
    assert all(name in refused.err for name in anew)
    assert "--allow mixed-alignment" in refused.err
    assert all(one.rootname in refused.err + refused.out for one in chain.truth.exposures)
    assert ledger.json("sql", "SELECT id FROM activities WHERE kind = 'sky-run'") == []

    (row,) = ledger.json(*run, "--allow", "mixed-alignment", "--allow", "mixed-frames")
    (kept,) = ledger.json("sql", f"SELECT parameters FROM activities WHERE id = {row['run']}")
    parameters = kept["parameters"]
    if isinstance(parameters, str):  # SQLite has no type for JSON
        parameters = json.loads(parameters)
    assert parameters["allowed"] == ["mixed-alignment", "mixed-frames"]
    inputs = ledger.json(
        "sql", f"SELECT rootname, alignment FROM v_run_inputs WHERE run_id = {row['run']}"
    )
    assert {r["rootname"] for r in inputs if r["alignment"] == "archive"} == set(anew)

    # Without the guard that refuses, the next one flags; --strict refuses that too.
    flagged = ledger(*run, "--allow", "mixed-alignment", "--force")
    assert flagged.code == 5
    assert "mixed-frames" in flagged.err
    strict = ledger(*run, "--allow", "mixed-alignment", "--force", "--strict")
    assert strict.code == 1
    assert "mixed-frames" in strict.err

    # One visit alone is in one frame, whichever.
    for visit in ("50", "51"):
        assert ledger(*run, "--visit", visit).code == 0


def test_one_run_holds_both_exposures_though_their_files_have_one_name(
    mixed_field, ledger_on, tmp_path
):
    chain = mixed_field("IR")
    one, other = in_visit(chain.field, "50")[0], in_visit(chain.field, "51")[0]
    sources = {rootname: exposure_file(chain.field, rootname) for rootname in (one, other)}
    first = rewritten(sources[one], tmp_path / "a" / f"{one}_flt.fits")
    borrower = rewritten(sources[other], tmp_path / "b" / f"{one}_flt.fits")
    ingested = {
        "plain": ([*sources.values()], [0, 0], set()),
        "borrower last": ([first, borrower], [0, 5], {"borrowed-name"}),
        "borrower first": ([borrower, first], [5, 0], {"borrowed-name"}),
    }
    # The quick engine everywhere, AstroDrizzle in every order and on both databases.
    real = {("plain", SQLITE), ("borrower last", POSTGRESQL), ("borrower first", SQLITE)}
    skies = {"astrodrizzle": [], "skydb": []}
    for order, (files, expected, kinds) in ingested.items():
        for database in DATABASES:
            ledger = ledger_on(database, tmp_path / f"{order} {database}")
            assert [ledger("ingest", file).code for file in files] == expected
            assert {row["kind"] for row in ledger.json("findings")} == kinds
            skies["skydb"].append(skies_of(ledger, "--no-mosaic", "--engine", "skydb"))
            if (order, database) in real:
                skies["astrodrizzle"].append(skies_of(ledger, "--engine", "astrodrizzle"))
    for same in skies.values():
        assert set(same[0]) == {(one, 1), (other, 1)}
        assert same[0][one, 1] != pytest.approx(same[0][other, 1], abs=0.01)
        assert same == [same[0]] * len(same)


def skies_of(ledger, *how):
    """Skies of a run by localmin, by chip."""
    run = ledger("sky", "run", "--method", "localmin", *how, "--json")
    assert run.code in (0, 5), run.err
    (told,) = run.document
    assert told["status"] == "succeeded"
    return by_chip(ledger.json("sky", "compare", told["run"]), "localmin")


@pytest.mark.parametrize("database", DATABASES)
def test_the_alignment_of_a_whole_field_is_quiet(mixed_field, ledger_on, tmp_path, database):
    chain = mixed_field("IR")
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    assert set(alignment(ledger).values()) == {"solution"}
    strict = ledger("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "all", "--strict")
    assert strict.code == 0
    assert strict.err == "" or "flag" not in strict.err
    assert ledger.json("findings") == []
    assert path_of(ledger, contents(ledger)[0]).is_file()
