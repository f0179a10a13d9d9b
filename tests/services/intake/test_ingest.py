from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import event, func, select

from skydb.api.composition import Services
from skydb.domain import (
    Activity,
    AlignmentSolution,
    Exposure,
    Finding,
    Generation,
    IngestActivity,
    Product,
    ProductVersion,
    Visit,
)
from skydb.domain.vocabulary import (
    ActivityStatus,
    FindingKind,
    IngestStatus,
    ProductKind,
    SolutionStatus,
)
from skydb.errors import StoreError
from tests.services.tools import MEMBERS, PRODUCT, checksums, write_exposure, write_product

NEW, KNOWN = IngestStatus.NEW, IngestStatus.KNOWN
NEW_VERSION, REJECTED = IngestStatus.NEW_VERSION, IngestStatus.REJECTED


def statuses(services: Services, *paths: Path) -> list[IngestStatus]:
    return [outcome.status for outcome in services.ingest.ingest(paths)]


def counts(services: Services) -> dict[str, int]:
    entities = (Visit, Exposure, Product, ProductVersion, AlignmentSolution, Generation)
    with services.context.store.reading() as session:
        return {
            one.__name__: session.scalar(select(func.count()).select_from(one)) or 0
            for one in entities
        }


def findings(services: Services) -> list[tuple[FindingKind, str]]:
    with services.context.store.reading() as session:
        found = session.scalars(select(Finding).order_by(Finding.id))
        return [(one.kind, Path(one.subject).name) for one in found]


def test_a_visit_becomes_exposures_products_versions_and_solutions(
    services_anywhere: Services, visit: list[Path]
) -> None:
    before = checksums(visit)
    outcomes = services_anywhere.ingest.ingest(visit)
    assert [(one.rootname, one.status) for one in outcomes] == [
        (MEMBERS[0], NEW),
        (MEMBERS[1], NEW),
        ("ibxl50010", NEW),
    ]
    assert [one.version for one in outcomes] == [1, 1, 1]
    assert counts(services_anywhere) == {
        "Visit": 1,
        "Exposure": 2,
        "Product": 3,
        "ProductVersion": 3,
        "AlignmentSolution": 3,
        "Generation": 3,
    }
    assert findings(services_anywhere) == []
    assert checksums(visit) == before


def test_what_was_ingested_before_is_known_and_changes_nothing(
    services_anywhere: Services, visit: list[Path]
) -> None:
    services_anywhere.ingest.ingest(visit)
    before = counts(services_anywhere)
    assert statuses(services_anywhere, *visit) == [KNOWN] * 3
    assert counts(services_anywhere) == before


def test_other_content_under_a_known_name_is_a_new_version_and_the_old_one_stays(
    services_anywhere: Services, tmp_path: Path
) -> None:
    first = write_exposure(tmp_path / "1", MEMBERS[0])
    second = write_exposure(tmp_path / "2", MEMBERS[0], CAL_VER="3.7.0")
    assert statuses(services_anywhere, first, second, first) == [NEW, NEW_VERSION, KNOWN]
    with services_anywhere.context.store.reading() as session:
        versions = session.scalars(select(ProductVersion).order_by(ProductVersion.number)).all()
        assert [(one.number, one.cal_ver) for one in versions] == [
            (1, "3.6.2(May-27-2021)"),
            (2, "3.7.0"),
        ]
    assert counts(services_anywhere)["Exposure"] == 1


def test_a_new_version_from_the_archive_supersedes_the_solution_that_was_in_force(
    services: Services, tmp_path: Path
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "1", MEMBERS[0])])
    fitted = f"{WCS}-FIT_REL_GAIAeDR3"
    services.ingest.ingest([write_exposure(tmp_path / "2", MEMBERS[0], wcs_name=fitted)])
    rows = services.solutions.history(MEMBERS[0])
    assert [(row["wcs_name"], row["superseded_by"]) for row in rows] == [
        (WCS, rows[1]["id"]),
        (fitted, None),
    ]
    (current,) = services.images.wcs()
    assert current["wcs_name"] == fitted


WCS = "IDC_w3m18525i"


def test_the_same_content_twice_in_one_batch_is_recorded_once(
    services: Services, tmp_path: Path
) -> None:
    one = write_exposure(tmp_path / "1", MEMBERS[0])
    other = tmp_path / "2" / one.name
    other.parent.mkdir()
    other.write_bytes(one.read_bytes())
    assert statuses(services, one, other) == [NEW, KNOWN]


def _bad_files(directory: Path) -> dict[str, Path]:
    directory.mkdir()
    truncated = write_exposure(directory, "ibxl50icq")
    truncated.write_bytes(truncated.read_bytes()[:-2880])
    garbage = directory / "garbage.fits"
    garbage.write_bytes(b"SIMPLE? no.")
    other = directory / "jwst.fits"
    fits.PrimaryHDU(header=fits.Header([("TELESCOP", "JWST")])).writeto(other)
    empty = directory / "empty.fits"
    empty.touch()
    return {
        "truncated": truncated,
        "FITS": garbage,
        "not from HST": other,
        "empty": empty,
        "does not exist": directory / "nowhere.fits",
    }


def test_bad_files_are_rejected_with_a_reason_and_the_batch_goes_on(
    services_anywhere: Services, visit: list[Path], tmp_path: Path
) -> None:
    bad = _bad_files(tmp_path / "bad")
    outcomes = services_anywhere.ingest.ingest([*bad.values(), *visit])
    assert [one.status for one in outcomes] == [REJECTED] * len(bad) + [NEW] * 3
    assert all(one.reason and one.rootname is None for one in outcomes[: len(bad)])
    assert "truncated" in str(outcomes[0].reason)
    assert "not from HST" in str(outcomes[2].reason)
    assert findings(services_anywhere) == [
        (FindingKind.REJECTED_FILE, path.name) for path in bad.values()
    ]
    assert counts(services_anywhere)["Product"] == 3


def test_an_ingest_is_an_activity_that_generated_its_versions(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    with services.context.store.reading() as session:
        activity = session.scalars(select(Activity)).one()
        assert isinstance(activity, IngestActivity)
        assert activity.status is ActivityStatus.SUCCEEDED
        assert activity.parameters["files"] == 3
        assert {link.version.filename for link in activity.generated} == {p.name for p in visit}
        assert activity.environment is not None


def test_a_member_that_is_not_in_the_ledger_is_a_finding_until_it_comes(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest([visit[0], visit[2]])
    (finding,) = services.plain.findings()
    assert (finding["kind"], finding["subject"]) == ("missing-exposure", PRODUCT)
    assert MEMBERS[1] in finding["message"]
    services.ingest.ingest(visit)
    assert len(services.plain.findings()) == 1


def test_an_rms_without_a_unit_is_left_out_and_noticed(services: Services, tmp_path: Path) -> None:
    path = write_exposure(tmp_path, MEMBERS[0], wcs_name=f"{WCS}-FIT_REL_GAIAeDR3")
    with fits.open(path, "update") as hdus:
        hdus["SCI"].header["NMATCHES"] = 40
        hdus["SCI"].header["RMS_RA"] = (3e-6, "RMS in RA of WCS fit(mas)")
        hdus["SCI"].header["RMS_DEC"] = (3e-6, "RMS in Dec of WCS fit(mas)")
    services.ingest.ingest([path])
    assert findings(services) == [(FindingKind.UNIT_UNKNOWN, path.name)]
    (row,) = services.images.wcs()
    assert row["rms_ra_mas"] is None


def test_a_directory_is_searched_for_fits_files_but_not_the_data_root(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    services = Services.open(sqlite_ledger_url, home / "skydb-data")
    for place in (home, home / "deep" / "er", home / "skydb-data" / "versions"):
        write_exposure(place, f"ibxl50i{'abc'[len(place.parts) % 3]}q")
    (home / "notes.txt").write_text("not FITS")
    outcomes = services.ingest.ingest([home])
    assert all("skydb-data" not in one.path for one in outcomes)
    assert [one.status for one in outcomes] == [NEW, NEW]
    services.close()


def test_a_file_of_the_data_root_is_recorded_relative_to_it(services: Services) -> None:
    path = write_exposure(services.context.workspace.root / "archive", MEMBERS[0])
    services.ingest.ingest([path], is_managed=True)
    with services.context.store.reading() as session:
        version = session.scalars(select(ProductVersion)).one()
        assert version.path == f"archive/{path.name}"
        assert version.is_managed


def test_nothing_to_ingest_is_no_failure(services: Services, tmp_path: Path) -> None:
    assert services.ingest.ingest([tmp_path]) == []


@pytest.mark.parametrize(("kind", "name"), [("crj", "ibxl50011_crj.fits")])
def test_a_combination_of_exposures_is_no_exposure(
    services: Services, tmp_path: Path, kind: str, name: str
) -> None:
    path = write_exposure(tmp_path, name[:9], kind=kind)
    services.ingest.ingest([path])
    with services.context.store.reading() as session:
        product = session.scalars(select(Product)).one()
        assert (product.kind, product.exposure) == (ProductKind(kind), None)
        assert product.visit.label == "bxl50"
    assert counts(services)["Exposure"] == 0
    assert [row["filename"] for row in services.images.wcs()] == [name]


def test_a_text_that_the_ledger_has_no_room_for_is_rejected_alike_on_both_databases(
    services_anywhere: Services, tmp_path: Path
) -> None:
    longest, longer = (
        write_exposure(tmp_path, name, wcs_name=f"IDC_{'x' * 64}", TARGNAME="T" * length)
        for name, length in zip(MEMBERS, (64, 68), strict=True)
    )
    good, bad = services_anywhere.ingest.ingest([longest, longer])
    assert good.status is NEW
    assert bad.status is REJECTED
    assert bad.reason == "its target_name has 68 characters, there is room for 64"


@pytest.mark.parametrize(
    "card", ["FILTER", "APERTURE", "CAL_VER", "IDCTAB", "DATE", "DATE-OBS", "ASN_ID"]
)
def test_no_card_however_long_breaks_a_batch(services: Services, tmp_path: Path, card: str) -> None:
    odd = write_exposure(tmp_path, MEMBERS[0], **{card: "L" * 68})
    assert statuses(services, odd, write_exposure(tmp_path, MEMBERS[1])) == [REJECTED, NEW]


def test_an_interrupted_ingest_says_so_and_keeps_what_it_had_recorded(
    services: Services, visit: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("skydb.services.intake.ingest.notice_missing_members", interrupt)
    with pytest.raises(KeyboardInterrupt):
        services.ingest.ingest(visit)
    with services.context.store.reading() as session:
        activity = session.scalars(select(Activity)).one()
        assert activity.status is ActivityStatus.INTERRUPTED
        assert activity.error == "It was interrupted by KeyboardInterrupt."
    assert counts(services)["ProductVersion"] == 3


def test_a_database_that_refuses_a_batch_makes_a_failed_ingest(
    services: Services, visit: list[Path]
) -> None:
    def refuse(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO chip_solutions"):
            raise OSError("the disk is full")

    engine = services.context.store.engine
    event.listen(engine, "before_cursor_execute", refuse)
    with pytest.raises((OSError, StoreError), match="disk is full"):
        services.ingest.ingest(visit)
    with services.context.store.reading() as session:
        activity = session.scalars(select(Activity)).one()
        assert activity.status is ActivityStatus.FAILED
        assert "disk is full" in str(activity.error)
    assert counts(services)["Product"] == 0


def test_the_statements_of_an_ingest_grow_with_the_files_and_no_faster(
    services: Services, tmp_path: Path
) -> None:
    statements: list[str] = []
    event.listen(
        services.context.store.engine,
        "before_cursor_execute",
        lambda *details: statements.append(details[2]),
    )

    def cost(first: int, last: int) -> float:
        files = [
            write_exposure(tmp_path / "many", f"ibxl{i // 36:02d}i{i % 36:02d}")
            for i in range(first, last)
        ]
        members = [path.name[:9] for path in files]
        files.append(
            write_product(tmp_path / "many", f"ibxl9{first // 20:02d}10_drz.fits", members)
        )
        statements.clear()
        assert set(statuses(services, *files)) == {NEW}
        return len(statements) / len(files)

    few, many, later = cost(0, 20), cost(20, 200), cost(200, 220)
    assert many <= few
    assert later <= few * 1.5
    assert many < 5


def test_the_status_of_a_solution_from_a_header_is_recorded(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    with services.context.store.reading() as session:
        solutions = session.scalars(select(AlignmentSolution)).all()
        assert {solution.status for solution in solutions} == {SolutionStatus.RECORDED}
        assert all(len(solution.chips) == 1 for solution in solutions)


@pytest.mark.parametrize("again", ["the same content", "other content"])
def test_known_products_cost_no_statement_each(
    services: Services, tmp_path: Path, again: str
) -> None:
    statements: list[str] = []
    names = [f"ibxl50i{i:02d}" for i in range(60)]
    first = [write_exposure(tmp_path / "first", name) for name in names]
    second = [write_exposure(tmp_path / "second", name, CAL_VER="4.0") for name in names]
    services.ingest.ingest(first)
    event.listen(
        services.context.store.engine,
        "before_cursor_execute",
        lambda *details: statements.append(details[2]),
    )
    wanted = KNOWN if again == "the same content" else NEW_VERSION
    assert set(statuses(services, *(first if wanted is KNOWN else second))) == {wanted}
    assert len([one for one in statements if one.startswith("SELECT")]) < len(names) / 2


def test_a_visit_that_a_log_had_named_learns_its_proposal(
    services: Services, visit: list[Path]
) -> None:
    with services.context.store.writing() as session:
        session.add(Visit(MEMBERS[0][1:4], MEMBERS[0][4:6]))
        session.commit()
    services.ingest.ingest(visit)
    with services.context.store.reading() as session:
        (known,) = session.scalars(select(Visit))
        assert (known.proposal_id, known.target_name) == (12812, "HORSEHEAD")


def test_every_content_keeps_how_well_its_exposure_went(
    services_anywhere: Services, tmp_path: Path
) -> None:
    bad = write_exposure(tmp_path / "old", MEMBERS[0], QUALITY="GSFAIL", EXPFLAG="INTERRUPTED")
    good = write_exposure(tmp_path / "new", MEMBERS[0], EXPFLAG="NORMAL", CCDGAIN=2.5)
    services_anywhere.ingest.ingest([bad, good])
    with services_anywhere.context.store.reading() as session:
        first, second = session.scalars(select(ProductVersion).order_by(ProductVersion.number))
        assert first.condition.complaints == ("QUALITY is GSFAIL", "EXPFLAG is INTERRUPTED")
        assert second.condition.complaints == ()
    (row,) = services_anywhere.images.headers()
    assert (row["quality"], row["expflag"], row["gain"]) == (None, "NORMAL", 2.5)
    assert (row["bunit"], row["orientat_deg"]) == ("ELECTRONS/S", 0.0)
    assert row["exptime_s"] == pytest.approx(502.936462)


def test_members_that_are_missing_are_told_of_their_own_product_alone(
    services_anywhere: Services, visit: list[Path], tmp_path: Path
) -> None:
    def told() -> list[tuple[str, str]]:
        rows = services_anywhere.plain.findings()
        return sorted((row["subject"], row["message"].split()[3].strip(",")) for row in rows)

    services_anywhere.ingest.ingest([visit[2]])
    both = [(PRODUCT, member) for member in MEMBERS]
    assert told() == both
    # Others that come later have nothing to do with it, missing members or not.
    services_anywhere.ingest.ingest([write_exposure(tmp_path, "ibxl50icq")])
    assert told() == both
