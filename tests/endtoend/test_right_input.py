"""A fit moves what it was made of, and a run uses what the rule says (real fits)."""

import pytest

from tests.commands import LedgerDirectory
from tests.endtoend.conftest import by_chip
from tests.endtoend.lookalikes import exposure_file, in_visit, rewritten
from tests.endtoend.mixed import (
    ALIGNED_MAS,
    UNTOUCHED_MAS,
    alignment,
    contents,
    errors_mas,
    mixed_field,
    path_of,
    redelivered,
)

pytestmark = pytest.mark.slow

__all__ = ["mixed_field"]

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
    outcomes = chain.answers["align accept"].document
    assert {row["rootname"] for row in outcomes} == names
    assert len(outcomes) == len(names)

    made = contents(chain.ledger, "pv.derived_from_id IS NOT NULL")
    assert {row["flavour"] for row in made} == {"pipeline"}
    moved = errors_mas(chain.ledger, chain.truth, made)
    assert moved.keys() == names
    assert max(moved.values()) <= ALIGNED_MAS
    for flavour, worst in (("svm", UNTOUCHED_MAS), ("pipeline", None)):
        came = contents(chain.ledger, f"p.flavour = '{flavour}' AND pv.derived_from_id IS NULL")
        left = errors_mas(chain.ledger, chain.truth, came)
        assert left.keys() == names
        assert (max(left.values()) <= worst) if worst else (min(left.values()) > 50.0)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_run_then_uses_the_aligned_files_and_says_why_and_what_it_passed_over(
    mixed_field, tmp_path, detector
):
    chain = mixed_field(detector)
    ledger = chain.ledger.copied_to(tmp_path / "ledger")
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


def test_aligned_exposures_beside_a_redelivered_visit_are_refused_unless_allowed(
    mixed_field, tmp_path
):
    chain = mixed_field("IR")
    ledger = chain.ledger.copied_to(tmp_path / "ledger")
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
    assert '"allowed": ["mixed-alignment", "mixed-frames"]' in kept["parameters"]
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


def test_one_run_holds_both_exposures_though_their_files_have_one_name(mixed_field, tmp_path):
    chain = mixed_field("IR")
    one, other = in_visit(chain.field, "50")[0], in_visit(chain.field, "51")[0]
    sources = {rootname: exposure_file(chain.field, rootname) for rootname in (one, other)}
    first = rewritten(sources[one], tmp_path / "a" / f"{one}_flt.fits")
    borrower = rewritten(sources[other], tmp_path / "b" / f"{one}_flt.fits")
    orders = {
        "plain": ([*sources.values()], [0, 0], set()),
        "borrower last": ([first, borrower], [0, 5], {"borrowed-name"}),
        "borrower first": ([borrower, first], [5, 0], {"borrowed-name"}),
    }
    skies = {}
    for order, (files, expected, kinds) in orders.items():
        ledger = LedgerDirectory(tmp_path / order)
        ledger.path.mkdir()
        ledger.json("init")
        assert [ledger("ingest", file).code for file in files] == expected
        assert {row["kind"] for row in ledger.json("findings")} == kinds
        for engine in ("astrodrizzle", "skydb"):
            how = () if engine == "astrodrizzle" else ("--no-mosaic", "--engine", "skydb")
            run = ledger("sky", "run", "--method", "localmin", *how, "--json")
            assert run.code in (0, 5), run.err
            (told,) = run.document
            assert told["status"] == "succeeded"
            skies[order, engine] = by_chip(ledger.json("sky", "compare", told["run"]), "localmin")
    for engine in ("astrodrizzle", "skydb"):
        plain = skies["plain", engine]
        assert set(plain) == {(one, 1), (other, 1)}
        assert plain[one, 1] != pytest.approx(plain[other, 1], abs=0.01)
        assert skies["borrower last", engine] == skies["borrower first", engine] == plain


def test_the_alignment_of_a_whole_field_is_quiet(mixed_field, tmp_path):
    chain = mixed_field("IR")
    ledger = chain.ledger.copied_to(tmp_path / "ledger")
    assert set(alignment(ledger).values()) == {"solution"}
    strict = ledger("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "all", "--strict")
    assert strict.code == 0
    assert strict.err == "" or "flag" not in strict.err
    assert ledger.json("findings") == []
    assert path_of(ledger, contents(ledger)[0]).is_file()
