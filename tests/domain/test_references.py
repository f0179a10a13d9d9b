from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.references import (
    CatalogReference,
    ExposureReference,
    FileReference,
    NumberedReference,
    Reference,
    ReferenceKind,
    ValueReference,
    VisitReference,
    exposure_version,
    exposure_versions,
    number_of,
    parse,
)
from skydb.errors import UsageError

_LETTERS = string.ascii_lowercase
_SIGNS = _LETTERS + string.digits

_numbers = st.integers(0, 10**18 - 1)
_rootnames = st.builds(
    "".join, st.tuples(st.sampled_from(_LETTERS), st.text(_SIGNS, min_size=8, max_size=8))
)
_filenames = st.builds(
    "{}{}.fits".format,
    st.text(_SIGNS + string.ascii_uppercase + "_-", min_size=1, max_size=40),
    st.sampled_from(("", "*", "?")),
)
_references: st.SearchStrategy[Reference] = st.one_of(
    st.builds(ExposureReference, _rootnames, st.none() | _numbers),
    st.builds(ValueReference, _rootnames, _numbers, _numbers),
    st.builds(FileReference, _filenames, st.none() | _numbers),
    st.builds(
        VisitReference,
        st.text(_SIGNS, min_size=2, max_size=2),
        st.none() | st.text(_SIGNS, min_size=3, max_size=3),
    ),
    st.builds(NumberedReference, st.sampled_from(ReferenceKind), _numbers),
    st.builds(CatalogReference, st.text(_SIGNS + "-_", min_size=1, max_size=40)),
)


@given(_references)
def test_a_reference_is_read_as_it_is_written(reference: Reference) -> None:
    assert parse(str(reference)) == reference
    assert parse(f"  {reference} ") == reference


@given(st.text(max_size=40))
def test_any_text_is_a_reference_with_one_canonical_text_or_wrong_usage(text: str) -> None:
    try:
        reference = parse(text)
    except UsageError as error:
        assert "ROOTNAME[CHIP]@RUN" in error.advice
    else:
        assert parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "canonical", "reference"),
    [
        ("IBXL50CLQ", "ibxl50clq", ExposureReference("ibxl50clq")),
        ("ibxl50clq@02", "ibxl50clq@2", ExposureReference("ibxl50clq", 2)),
        ("Ibxl50clq[1]@7", "ibxl50clq[1]@7", ValueReference("ibxl50clq", 1, 7)),
        ("sky:7:ibxl50clq:1", "ibxl50clq[1]@7", ValueReference("ibxl50clq", 1, 7)),
        ("ibxl50030_drz.fits", "ibxl50030_drz.fits", FileReference("ibxl50030_drz.fits")),
        ("hst_12812_50_wfc3_ir_f160w_drz.fits@2",) * 2
        + (FileReference("hst_12812_50_wfc3_ir_f160w_drz.fits", 2),),
        ("*_drz.fits", "*_drz.fits", FileReference("*_drz.fits")),
        ("ibxl5*", "ibxl5*", FileReference("ibxl5*")),
        ("BXL50", "bxl50", VisitReference("50", "bxl")),
        ("50", "50", VisitReference("50")),
        ("a1", "a1", VisitReference("a1")),
        ("product:12", "product:12", NumberedReference(ReferenceKind.PRODUCT, 12)),
        ("RUN:012", "run:12", NumberedReference(ReferenceKind.RUN, 12)),
        ("activity:12", "run:12", NumberedReference(ReferenceKind.RUN, 12)),
        ("catalogue:gaia", "catalog:gaia", CatalogReference("gaia")),
    ],
)
def test_each_thing_has_a_form_of_its_own(text: str, canonical: str, reference: Reference) -> None:
    assert parse(text) == reference
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "ibxl50", "9bxl50clq", "ibxl50clq@", "ibxl50clq@two", "ibxl50clq[1]", "run:"),
        *("run:x", "exposure:12", "catalog:", "a/b_flt.fits", "ibxl50clq@٣", "a b.fits"),
        "run:" + "9" * 41,
    ],
)
def test_another_text_is_wrong_usage_and_the_message_shows_the_grammar(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a reference.*ROOTNAME@VERSION.*solution:N"):
        parse(text)


def test_only_a_name_with_a_wildcard_can_match_several_files() -> None:
    assert FileReference("*_drz.fits").is_pattern and FileReference("ibxl5?010_drz.fits").is_pattern
    assert not FileReference("ibxl50030_drz.fits").is_pattern


@pytest.mark.parametrize("text", ["29", "solution:29", " Solution:29 ", 29])
def test_a_number_needs_no_kind_where_one_kind_is_wanted(text: str | int) -> None:
    assert number_of(text, ReferenceKind.SOLUTION) == 29


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ibxl50clq", "'ibxl50clq' is an exposure, not a solution"),
        ("run:29", "'run:29' is a run, not a solution"),
        ("a1", "'a1' is a visit, not a solution"),
        ("ibxl50clq_flt.fits", "is a file, not a solution"),
        ("ibxl50clq@2", "is a file version, not a solution"),
        ("-1", "'-1' is not a solution"),
    ],
)
def test_another_thing_in_place_of_a_number_is_named(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as raised:
        number_of(text, ReferenceKind.SOLUTION)
    assert raised.value.advice.startswith("Write 12 or solution:12; `skydb align history`")


def test_a_file_version_of_an_exposure_is_a_rootname_and_a_number() -> None:
    assert exposure_version("IBXL50CLQ@2") == ("ibxl50clq", 2)
    with pytest.raises(UsageError, match=r"is an exposure and not one file version"):
        exposure_version("ibxl50clq")
    with pytest.raises(UsageError, match=r"is a file version and not one"):
        exposure_version("ibxl50clq_flt.fits@2")


def test_two_versions_of_one_exposure_are_not_one_choice() -> None:
    assert exposure_versions(["ibxl50clq@2", "IBXL50CLQ@2", "ibxl50cqq@1"]) == {
        "ibxl50clq": 2,
        "ibxl50cqq": 1,
    }
    with pytest.raises(UsageError, match=r"ibxl50clq@1 and ibxl50clq@2 are two versions of one"):
        exposure_versions(["ibxl50clq@1", "ibxl50cqq@1", "ibxl50clq@2"])


@pytest.mark.parametrize("word", ["abc", "acceptance", "actively", "node", "zebra"])
def test_a_number_of_a_kind_that_there_is_not_is_no_reference(word: str) -> None:
    with pytest.raises(UsageError):
        parse(f"{word}:3")
    assert parse("Activity:3") == parse("run:3") == NumberedReference(ReferenceKind.RUN, 3)
