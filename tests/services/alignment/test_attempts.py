"""The first catalogue of a list with a trusted fit is taken, or else the best."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.trust import TRUST_FLOOR, FitCheck, TrustReport, overruled
from skydb.domain.vocabulary import TrustComponent
from skydb.errors import UsageError
from skydb.services.alignment.attempts import Attempt, first_trusted, names_of
from skydb.services.alignment.reference import Target

SCORES = st.one_of(st.none(), st.floats(0.0, 1.0))


def report(score, neighbours=None):
    own = FitCheck(TrustComponent.CROSS_MATCH, score, "stars")
    said = overruled(FitCheck(TrustComponent.NEIGHBOURS, neighbours, "off"), own)
    return TrustReport((own, said))


def attempt(catalog, target, score, neighbours=None):
    fit = SimpleNamespace(reason=None if score is not None else "no fit at all")
    judged = None if score is None else report(score, neighbours)
    return Attempt(catalog, SimpleNamespace(target=target), fit, judged)


@given(st.lists(st.lists(SCORES, min_size=3, max_size=3), min_size=1, max_size=5))
def test_each_file_gets_the_first_trusted_fit_or_the_best(table):
    """Rows are files, columns catalogues."""
    names = ["gaia", "gsc242", "2mass"]
    targets = [Target(key, Path(f"{key}_drz.fits"), None) for key in range(len(table))]
    asked = {name: set() for name in names}

    def make(name, left, number, told):
        assert names[number] == name
        asked[name] |= {target.version_id for target in left}
        return [attempt(name, one, table[one.version_id][number]) for one in left]

    found = first_trusted(names, targets, make)
    for key, (one, scores) in enumerate(zip(found, table, strict=True)):
        trusted = [n for n, s in zip(names, scores, strict=True) if s and s >= TRUST_FLOOR]
        best = max(range(3), key=lambda place: -1.0 if scores[place] is None else scores[place])
        assert one.catalog == (trusted[0] if trusted else names[best])
        last = names.index(trusted[0]) if trusted else 2
        assert [key in asked[name] for name in names] == [place <= last for place in range(3)]
        told = {text.split(":")[0] for text in one.tried}
        assert told == set(names[: last + 1]) - {one.catalog}


@given(
    st.lists(st.lists(st.tuples(SCORES, SCORES), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_what_is_decided_early_is_what_is_taken_in_the_end(table, count, random):
    """Early a fit is known without its neighbours; rows are files, columns catalogues."""
    names = ["gaia", "gsc242", "2mass"][:count]
    targets = [Target(key, Path(f"{key}_drz.fits"), None) for key in range(len(table))]

    def make(name, left, number, told):
        made = [attempt(name, one, *table[one.version_id][number]) for one in left]
        for one in random.sample(made, len(made)):
            own = one.report and TrustReport(one.report.checks[:1])
            told(replace(one, report=own))
        return made

    decided = {}

    def keep(one):
        known = decided.setdefault(one.key, one)
        assert (known.catalog, known.fit, known.tried) == (one.catalog, one.fit, one.tried)

    found = first_trusted(names, targets, make, keep)
    for one in found:
        assert one.key in decided or (count > 1 and not one.is_sure)
        keep(one)


def test_what_other_catalogues_gave_is_told():
    target = Target(1, Path("a_drz.fits"), None)
    chosen = attempt("gsc242", target, 0.9).after(attempt("gaia", target, None))
    assert chosen.remark == "gsc242 gave a trusted fit (gaia: no fit at all)"
    assert attempt("gaia", target, 0.9).remark is None


def test_a_catalogue_without_a_fit_is_not_told_to_have_given_the_best():
    target = Target(1, Path("a_drz.fits"), None)
    chosen = attempt("gsc242", target, None).after(attempt("gaia", target, None))
    assert chosen.remark == "gaia gave no fit, nor did another (gsc242: no fit at all)"


def test_a_catalogue_named_twice_is_tried_once_and_none_is_refused():
    assert names_of(["b", "a", "b"]) == ("b", "a")
    assert names_of("gaia") == ("gaia",)
    with pytest.raises(UsageError):
        names_of([])


def test_no_catalogue_is_asked_when_every_file_has_a_trusted_fit() -> None:
    targets = [Target(key, Path(f"{key}_drz.fits"), None) for key in range(2)]
    asked = []

    def make(name, left, number, told):
        asked.append((name, [one.version_id for one in left]))
        return [attempt(name, one, 1.0 if one.version_id <= number else 0.1) for one in left]

    first_trusted(["gaia", "gsc242", "2mass"], targets, make)
    assert asked == [("gaia", [0, 1]), ("gsc242", [1])]
