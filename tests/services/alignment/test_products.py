"""The products that an alignment run fits: by name, by selection, and what guards say of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, Finding, ProductVersion
from skydb.domain.guards import GUARDS, GuardPolicy
from skydb.domain.vocabulary import FindingKind, Flavour
from skydb.errors import InputsRefusedError, NotFoundError, UsageError
from skydb.files.reader import read_facts
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.membership import members_of_fit
from skydb.services.alignment.products import choose_products
from skydb.services.intake.selection import Selection
from tests.services.tools import MEMBERS, PRODUCT, Toolbox, write_exposure, write_product

pytestmark = pytest.mark.alternating

OTHER_MEMBERS = ("ibxl51iaq", "ibxl51ibq")
OTHER = "ibxl51010_drz.fits"
HAP = "hst_12812_50_wfc3_ir_f160w_ibxl50_drz.fits"
CAL_VER = "3.6.2(May-27-2021)"


@pytest.fixture
def two_visits(services_anywhere: Services, visit: list[Path], catalog_file: Path, tmp_path: Path):
    """Two visits of two exposures, each with its product, and a catalogue."""
    second = [write_exposure(tmp_path / "visit2", member) for member in OTHER_MEMBERS]
    second.append(write_product(tmp_path / "visit2", OTHER, OTHER_MEMBERS))
    services_anywhere.ingest.ingest([*visit, *second])
    services_anywhere.refcat.import_file(catalog_file, 2016.0, "gaia")
    return services_anywhere


def chosen(services: Services, *names: str, **wanted: object) -> list[str]:
    with services.context.store.reading() as session:
        found = choose_products(session, names, Selection(**wanted))  # type: ignore[arg-type]
        return [one.version.reference for one in found]


def align(services: Services, tools: Toolbox, *names: str, **policy: object) -> AlignmentRun:
    guards = GuardPolicy.of(**policy)  # type: ignore[arg-type]
    run_id = AlignService(services.context, tools).run("gaia", names, policy=guards)
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, run_id)
        _ = run.findings, [link.version.filename for link in run.used]
        return run


def flags(run: AlignmentRun) -> list[Finding]:
    """Flags of guards, without those on the coverage of the catalogue."""
    return [one for one in run.findings if one.kind in GUARDS]


def redelivered(path: Path, directory: Path, cal_ver: str) -> Path:
    """A file as an archive delivers it again."""
    directory.mkdir(exist_ok=True)
    copy = directory / path.name
    copy.write_bytes(path.read_bytes())
    fits.setval(copy, "CAL_VER", value=cal_ver)
    fits.setval(copy, "WCSNAME", value="IDC_5am1851ai", extname="SCI")
    return copy


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), [f"{PRODUCT}@1", f"{OTHER}@1"]),
        ((OTHER,), [f"{OTHER}@1"]),
        (("*_drz.fits",), [f"{PRODUCT}@1", f"{OTHER}@1"]),
        (("ibxl5?010_drz.fits", PRODUCT), [f"{PRODUCT}@1", f"{OTHER}@1"]),
        (("ibxl51*",), [f"{OTHER}@1"]),
        (("BXL51",), [f"{OTHER}@1"]),
        (("50",), [f"{PRODUCT}@1"]),
        ((f"{PRODUCT}@1",), [f"{PRODUCT}@1"]),
    ],
)
def test_products_are_named_by_references_and_wildcards(two_visits, names, expected) -> None:
    assert chosen(two_visits, *names) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"visits": ("51",)}, [f"{OTHER}@1"]),
        ({"rootnames": (MEMBERS[1],)}, [f"{PRODUCT}@1"]),
        ({"exclude": (MEMBERS[1],)}, [f"{OTHER}@1"]),
        ({"filter": "f160w", "detector": "ir"}, [f"{PRODUCT}@1", f"{OTHER}@1"]),
        ({"proposal_id": 12812, "target": "HORSEHEAD"}, [f"{PRODUCT}@1", f"{OTHER}@1"]),
        ({"flavour": Flavour.PIPELINE, "visits": ("bxl50",)}, [f"{PRODUCT}@1"]),
    ],
)
def test_products_are_selected_by_their_members(two_visits, wanted, expected) -> None:
    assert chosen(two_visits, **wanted) == expected


def test_a_name_counts_only_within_the_selection(two_visits) -> None:
    assert chosen(two_visits, "*_drz.fits", visits=("bxl51",)) == [f"{OTHER}@1"]
    with pytest.raises(NotFoundError, match="no drizzled products of this selection"):
        chosen(two_visits, PRODUCT, visits=("bxl51",))


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"filter": "F110W"}, r"no drizzled products of this selection \(filters here: F160W\)"),
        ({"flavour": Flavour.SVM}, "no drizzled products of this selection"),
        ({"visits": ("bxl77",)}, r"Unknown visit 'bxl77' \(visits here: bxl50, bxl51\)"),
    ],
)
def test_a_selection_of_nothing_says_what_there_is(two_visits, wanted, what) -> None:
    with pytest.raises(NotFoundError, match=what):
        chosen(two_visits, **wanted)


@pytest.mark.parametrize("name", [f"{MEMBERS[0]}_flt.fits", MEMBERS[0].upper()])
def test_a_single_exposure_is_refused_with_the_product_to_name(two_visits, name) -> None:
    what = rf"{name} is a single exposure \(flt\).*Name {PRODUCT}, which it is a member of"
    with pytest.raises(UsageError, match=what):
        chosen(two_visits, name)


def test_of_wildcards_the_flavour_with_the_most_exposures_is_fitted(
    two_visits, tmp_path: Path
) -> None:
    two_visits.ingest.ingest([write_product(tmp_path / "hap", HAP)])
    assert chosen(two_visits, "*_drz.fits") == [f"{PRODUCT}@1", f"{OTHER}@1"]
    assert chosen(two_visits, "*_drz.fits", flavour=Flavour.SVM) == [f"{HAP}@1"]
    assert chosen(two_visits, HAP) == [f"{HAP}@1"]


def test_several_products_of_one_name_are_listed_with_what_tells_them_apart(
    two_visits, tmp_path: Path
) -> None:
    twin = write_product(tmp_path / "twin", PRODUCT, OTHER_MEMBERS[:1])
    two_visits.ingest.ingest([twin])
    with pytest.raises(UsageError) as raised:
        chosen(two_visits, PRODUCT)
    said = str(raised.value)
    assert f"Several products are called {PRODUCT}" in said
    assert f"pipeline, of {OTHER_MEMBERS[0]}, {twin}" in said and " ".join(MEMBERS) in said
    number = int(said.rpartition(f"(pipeline, of {OTHER_MEMBERS[0]}")[0].rpartition(":")[2])
    assert chosen(two_visits, f"product:{number}") == [f"{PRODUCT}@1"]


def test_a_run_keeps_why_each_product_was_chosen_and_what_was_passed_over(
    two_visits, tools: Toolbox, tmp_path: Path
) -> None:
    two_visits.ingest.ingest([write_product(tmp_path / "hap", HAP)])
    run = align(two_visits, tools)
    why = {link.version.filename: (link.reason, link.passed_over) for link in run.used}
    reason, passed_over = why[PRODUCT]
    assert reason.startswith("pipeline is the one flavour of all exposures; newest archive version")
    assert passed_over == f"svm drz {HAP}@1"
    (named,) = align(two_visits, tools, OTHER).used
    assert (named.reason, named.passed_over) == (f"named as {OTHER}", "")


def test_an_ordinary_field_has_no_flag(two_visits, tools: Toolbox) -> None:
    assert flags(align(two_visits, tools, strict=True)) == []
    rows = AlignService(two_visits.context, tools).explain()
    assert [(row["filename"], row["flags"]) for row in rows] == [(PRODUCT, ""), (OTHER, "")]


def test_an_exposure_whose_product_shares_another_one_is_flagged(
    two_visits, tools: Toolbox, tmp_path: Path
) -> None:
    last = "ibxl50icq"
    beside = "ibxl50040_drz.fits"
    files = [write_exposure(tmp_path / "more", last)]
    files.append(write_product(tmp_path / "more", beside, (MEMBERS[1], last)))
    two_visits.ingest.ingest(files)
    (found,) = flags(align(two_visits, tools))
    assert found.kind is FindingKind.NOT_FITTED
    assert {found.subject, found.message.split(" is not fitted")[0]} == {PRODUCT, beside}
    assert flags(align(two_visits, tools, allow=["not-fitted"])) == []
    assert flags(align(two_visits, tools, PRODUCT)) == []
    rows = AlignService(two_visits.context, tools).explain()
    assert sorted(row["flags"] for row in rows) == ["", "not-fitted"]


def test_a_newer_delivery_of_a_member_is_flagged_once_a_product(
    two_visits, tools: Toolbox, visit: list[Path], tmp_path: Path
) -> None:
    two_visits.ingest.ingest([redelivered(visit[0], tmp_path / "again", "3.9.9")])
    found = flags(align(two_visits, tools))
    assert [(one.kind, one.subject) for one in found] == [(FindingKind.STALE_INPUT, PRODUCT)]
    assert f"1 of its 2 members have a newer archive version ({MEMBERS[0]})" in found[0].message
    assert "its CAL_VER is 3.9.9, the product was made with 3.6.2" in found[0].message
    assert flags(align(two_visits, tools, allow=["stale-input"])) == []
    assert flags(align(two_visits, tools, OTHER)) == []
    with pytest.raises(InputsRefusedError, match="--allow stale-input"):
        align(two_visits, tools, strict=True)


def test_a_product_of_the_newer_delivery_is_not_stale(
    two_visits, tools: Toolbox, visit: list[Path], tmp_path: Path
) -> None:
    again = [redelivered(path, tmp_path / "again", "3.9.9") for path in visit]
    two_visits.ingest.ingest(again)
    run = align(two_visits, tools)
    assert flags(run) == []
    assert f"{PRODUCT}@2" in {link.version.reference for link in run.used}


def test_a_product_of_a_newer_delivery_than_its_members_is_flagged_as_it_will_be_refused(
    two_visits, tools: Toolbox, visit: list[Path], tmp_path: Path
) -> None:
    two_visits.ingest.ingest([redelivered(visit[-1], tmp_path / "again", "3.9.9")])
    run = align(two_visits, tools)
    found = flags(run)
    assert [(one.kind, one.subject) for one in found] == [(FindingKind.STALE_INPUT, PRODUCT)]
    assert f"does not move 2 of its 2 members ({', '.join(MEMBERS)})" in found[0].message
    why = (
        f"{PRODUCT} was not made of {MEMBERS[0]}@1: its CAL_VER is {CAL_VER}, the product "
        "was made with 3.9.9. The exposures are of an older archive version than the product: "
        "fetch them again too (`skydb fetch --refresh`), or make a product of them with "
        "`skydb drizzle --visit bxl50`, and fit that."
    )
    assert found[0].message.partition(f"; of {MEMBERS[0]}: ")[2] == why
    with two_visits.context.store.reading() as session:
        (version,) = (link.version for link in run.used if link.version.filename == PRODUCT)
        path = two_visits.context.workspace.resolve(version.path)
        members = members_of_fit(
            session, session.get_one(ProductVersion, version.id), read_facts(path)
        )
        assert (members.moved, members.left[MEMBERS[0]]) == ([], why)
    (older,) = flags(align(two_visits, tools, f"{PRODUCT}@1"))
    assert older.message.startswith("version 1 is used; version 2 is of a newer archive version")
    # One of the members came with it: the fit is of use, and the acceptance names the other one.
    two_visits.ingest.ingest([redelivered(visit[0], tmp_path / "again", "3.9.9")])
    assert flags(align(two_visits, tools)) == []


def test_an_older_version_that_is_named_is_flagged(
    two_visits, tools: Toolbox, visit: list[Path], tmp_path: Path
) -> None:
    two_visits.ingest.ingest([redelivered(visit[-1], tmp_path / "again", "3.9.9")])
    found = flags(align(two_visits, tools, f"{PRODUCT}@1"))
    assert FindingKind.STALE_INPUT in {one.kind for one in found}
    assert any("version 2 is of a newer archive version" in one.message for one in found)


@pytest.mark.parametrize("subject", [MEMBERS[0], f"{MEMBERS[0]}_flt.fits", PRODUCT, "bxl50"])
def test_flags_on_a_product_its_members_and_their_visit_are_said(
    two_visits, tools: Toolbox, subject: str
) -> None:
    two_visits.books.flag(subject, "satellite", "a trail", "ann")
    found = flags(align(two_visits, tools))
    assert [(one.kind, one.subject) for one in found] == [(FindingKind.FLAGGED_INPUT, PRODUCT)]
    assert found[0].message == "flag satellite by ann: a trail"


def test_a_member_that_went_wrong_is_said(two_visits, tools: Toolbox, tmp_path: Path) -> None:
    members = ("ibxl52iaq", "ibxl52ibq")
    files = [
        write_exposure(tmp_path / "bad", members[0], EXPFLAG="INTERRUPTED"),
        write_exposure(tmp_path / "bad", members[1]),
        write_product(tmp_path / "bad", "ibxl52010_drz.fits", members),
    ]
    two_visits.ingest.ingest(files)
    (flag,) = flags(align(two_visits, tools))
    assert (flag.kind, flag.subject) == (FindingKind.QUALITY, members[0])
    assert "a member of ibxl52010_drz.fits" in flag.message
