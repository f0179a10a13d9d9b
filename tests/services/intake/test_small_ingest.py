"""Steps of an ingest on facts and rows made by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import (
    AlignmentSolution,
    Exposure,
    Finding,
    Generation,
    IngestActivity,
    Product,
    ProductVersion,
)
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, Flavour, IngestStatus, LinkRole, ProductKind
from skydb.errors import FileRejectedError, RowRefusedError
from skydb.services.intake.ingest import (
    IngestService,
    _batches,
    _below,
    _with_pixels,
    _with_room,
    notice_missing_members,
)
from skydb.services.intake.readworker import Companion, Read
from skydb.services.intake.recorder import FileRecorder, IngestOutcome, remarks
from skydb.store.registry import Registry
from tests.domain.entities import CHIP, STAMP, file_of, wcs
from tests.logged import logged_product
from tests.services.survey import Survey
from tests.services.tools import write_exposure

A, B, C = "ibxl50iaq_flt.fits", "ibxl50ibq_flt.fits", "ibxl50icq_flt.fits"
OF_PIPELINE = {"date_written": "2024-03-02", "cal_ver": "3.7.2"}


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


class Ledger:
    """One ingest, file by file."""

    def __init__(self, services: Services, session: Session) -> None:
        self._services, self._session = services, session
        self.activity = IngestActivity({}, STAMP)
        session.add(self.activity)

    def record(self, read: FileFacts | Companion | FileRejectedError) -> IngestOutcome:
        """Record one in a batch of its own."""
        batch = [read] if isinstance(read, FileFacts) else []
        workspace = self._services.context.workspace
        paths = {one.path: workspace.relative(one.path) for one in batch}
        registry = Registry(self._session, batch, [*paths.values()])
        recorder = FileRecorder(self.activity, registry, paths)
        outcome = recorder.record(read, is_managed=False)
        self._session.flush()
        return outcome

    @property
    def findings(self) -> list[tuple[FindingKind, str, str]]:
        """Kind, subject and message, in order."""
        found = self._session.scalars(select(Finding).order_by(Finding.id))
        return [(one.kind, one.subject, one.message) for one in found]


@pytest.fixture
def ledger(services: Services, session: Session) -> Ledger:
    return Ledger(services, session)


def test_the_members_that_are_missing_are_those_of_the_products_of_this_ingest(
    session: Session,
) -> None:
    survey, activities = Survey(session), []
    visit = survey.exposure("50", 1).visit
    survey.exposure("50", 5)
    for number in (1, 2, 3):
        product = logged_product(f"ibxl500{number}0_drz.fits", ProductKind.DRZ, visit)
        product.name_members([f"ibxl50{name}q" for name in ("01", f"0{number + 1}", "05")])
        session.add(product)
        version = survey.content(product)
        made = select(Generation.activity_id).where(Generation.version_id == version.id)
        activities.append(session.get_one(IngestActivity, session.scalars(made).one()))
    for activity in (activities[1], activities[0], activities[2]):
        notice_missing_members(session, activity)
        session.flush()
    found = session.scalars(select(Finding).order_by(Finding.id))
    assert [(one.kind, one.activity, one.subject, one.message) for one in found] == [
        (
            FindingKind.MISSING_EXPOSURE,
            activities[number - 1],
            f"ibxl500{number}0_drz.fits",
            f"was made of ibxl500{number + 1}q, which is not in the ledger.",
        )
        for number in (2, 1, 3)
    ]


def test_a_batch_that_is_refused_is_halved_until_the_file_is_alone(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], bool]] = []

    def whole(
        _: IngestService, activity_id: int, found: Sequence[Read], *, is_managed: bool
    ) -> list[IngestOutcome]:
        assert activity_id == 7
        asked.append(([one.path.name for one in found], is_managed))
        if any(isinstance(one, FileFacts) and one.path.name == "5" for one in found):
            raise RowRefusedError("it is odd")
        return [
            IngestOutcome(one.path.name, None, IngestStatus.REJECTED, one.reason)
            if isinstance(one, FileRejectedError)
            else IngestOutcome(one.path.name, "a", IngestStatus.NEW)
            for one in found
        ]

    monkeypatch.setattr(IngestService, "_record_whole", whole)
    names = list("1234567")
    files = [replace(file_of(A), path=Path(name)) for name in names]
    outcomes = services.ingest._record(7, files, is_managed=True)
    sets = ("1234567", "123", "4567", "45", "4", "5", "5", "67")
    assert asked == [(list(one), True) for one in sets]
    assert [one.path for one in outcomes] == names
    assert [(one.path, one.reason) for one in outcomes if one.reason] == [
        ("5", "the ledger cannot keep it: it is odd")
    ]


def test_batches_are_of_256_files_and_of_images_or_headerlets() -> None:
    files = [Path(f"{number}_flt.fits") for number in range(514)]
    files += [Path(f"{number}_hlet.fits") for number in range(3)]
    batches = list(_batches(files))
    assert [len(batch) for batch in batches] == [256, 256, 2, 3]
    assert [file for batch in batches for file in batch] == files


def test_batches_of_large_files_are_of_64(tmp_path: Path) -> None:
    large, small = tmp_path / A, tmp_path / B
    for path, size_bytes in ((large, 1 << 24), (small, (1 << 24) - 1)):
        path.touch()
        os.truncate(path, size_bytes)
    assert [len(batch) for batch in _batches([large] * 130)] == [64, 64, 2]
    # These have 1 GiB a file later.
    assert [len(batch) for batch in _batches([small] * 130)] == [65, 65]
    # A batch that has more files when it becomes large ends there.
    assert [len(batch) for batch in _batches([Path("gone")] * 100 + [large] * 70)] == [164, 6]


def test_flags_that_are_named_bring_their_pixels_once(tmp_path: Path) -> None:
    pixels, flags, other, alone = (
        tmp_path / name
        for name in ("u2eb0101t_c0m.fits", "u2eb0101t_c1m.fits", A, "u2eb0102t_c1m.fits")
    )
    for path in (pixels, flags, other, alone):
        path.touch()
    assert _with_pixels([other, flags, alone]) == [other, pixels, flags, alone]
    assert _with_pixels([flags, flags, pixels]) == [flags, flags, pixels]


def test_files_below_a_directory_are_images_by_name_and_finished(tmp_path: Path) -> None:
    draft = ".made.0123456789ab-1-2.01234567.part-whole"
    names = ("b.fits", "a/c.FIT", "a/d.fits.gz", "a/e_crmask.fits", "notes.txt", f"{draft}/f.fits")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert _below(tmp_path) == [tmp_path / "a/c.FIT", tmp_path / "a/d.fits.gz", tmp_path / "b.fits"]


@pytest.mark.parametrize("packed", ["", *[".gz", ".fz", ".bz2", ".xz", ".Z", ".zip"]])
@pytest.mark.parametrize("end", [".fits", ".fit", ".fts", ".FITS"])
def test_a_packed_file_below_a_directory_is_not_passed_over(
    tmp_path: Path, end: str, packed: str
) -> None:
    for name in (f"x_flt{end}{packed}", f"x_crmask.fits{packed}", f"x{end}.txt"):
        (tmp_path / name).touch()
    assert _below(tmp_path) == [tmp_path / f"x_flt{end}{packed}"]


@pytest.mark.parametrize(
    ("status", "reason", "is_flawed"),
    [
        (IngestStatus.NEW, "odd", True),
        (IngestStatus.NEW_VERSION, "odd", True),
        (IngestStatus.NEW, None, False),
        (IngestStatus.KNOWN, "odd", False),
        (IngestStatus.REJECTED, "odd", False),
    ],
)
def test_only_what_was_recorded_is_flawed(
    status: IngestStatus, reason: str | None, is_flawed: bool
) -> None:
    assert IngestOutcome("a", "a", status, reason).is_flawed is is_flawed


def test_a_file_with_a_text_that_is_too_long_has_no_room() -> None:
    file = file_of(A)
    refused = FileRejectedError("a.fits", "no")
    assert _with_room(file) is file
    assert _with_room(refused) is refused
    long = _with_room(replace(file, facts=replace(file.facts, target_name="T" * 65)))
    assert isinstance(long, FileRejectedError)
    assert long.reason == "its target_name has 65 characters, there is room for 64"


def test_remarks_are_of_flaws_doubts_headerlets_and_units() -> None:
    unsure = replace(wcs("IDC_b"), rms_unit_known=False)
    twin = replace(wcs(), key="", hdr_name="h", chips=(replace(CHIP, naxis_pix=(1, 1)),) * 2)
    lost = replace(wcs("IDC_c"), key="", rms_unit_known=False)
    file = replace(
        file_of(A, "a" * 64, wcs(), unsure), headerlets=(twin, lost), flaws=("f",), doubts=("d",)
    )
    *said, contradiction, first, second = remarks(file)
    assert said == [(FindingKind.REJECTED_FILE, "f"), (FindingKind.DOUBTFUL_FILE, "d")]
    assert contradiction[0] is FindingKind.CONTRADICTION
    assert [first, second] == [
        (
            FindingKind.UNIT_UNKNOWN,
            f"The unit of the RMS of {name} is unknown; the RMS is left out.",
        )
        for name in ("IDC_b", "IDC_c")
    ]


def test_a_new_file_is_recorded_with_all_that_it_brought(ledger: Ledger, session: Session) -> None:
    headerlet = replace(wcs("IDC_b"), key="", hdr_name="h")
    file = replace(file_of(A), headerlets=(headerlet,), flaws=("Odd.",), doubts=("Old.",))
    outcome = ledger.record(file)
    assert outcome == IngestOutcome(
        A, "ibxl50iaq", IngestStatus.NEW, "Odd. Old.", A, 1, Flavour.PIPELINE
    )
    assert ledger.findings == [
        (FindingKind.REJECTED_FILE, A, "Odd."),
        (FindingKind.DOUBTFUL_FILE, A, "Old."),
    ]
    solutions = session.scalars(select(AlignmentSolution).order_by(AlignmentSolution.id))
    assert [one.wcs_name for one in solutions] == ["IDC_w3m18525i", "IDC_b"]
    (link,) = session.scalars(select(Generation))
    assert (link.activity, link.role) == (ledger.activity, LinkRole.INGESTED)
    assert link.version is session.scalars(select(ProductVersion)).one()


def test_files_are_the_users_own_unless_it_is_said(services: Services) -> None:
    names = (A[:9], B[:9])
    first, second = (write_exposure(services.context.workspace.root, name) for name in names)
    services.ingest.ingest([first])
    services.ingest.ingest([str(second)], is_managed=True)
    with services.context.store.reading() as session:
        versions = session.scalars(select(ProductVersion).order_by(ProductVersion.id)).all()
        assert [(one.path, one.is_managed) for one in versions] == [(A, False), (B, True)]


def test_what_is_not_an_image_of_its_own_leaves_no_version(
    ledger: Ledger, session: Session
) -> None:
    flags = ledger.record(Companion(Path("a_c1m.fits"), Path("a_c0m.fits")))
    rejected = ledger.record(FileRejectedError("a.fits", "no image"))
    assert flags == IngestOutcome(
        "a_c1m.fits",
        None,
        IngestStatus.COMPANION,
        "the flags of a_c0m.fits, with which they are read",
    )
    assert rejected == IngestOutcome("a.fits", None, IngestStatus.REJECTED, "no image")
    assert ledger.findings == [(FindingKind.REJECTED_FILE, "a.fits", "no image")]
    assert session.scalars(select(ProductVersion)).all() == []


@pytest.mark.parametrize("borrowed", [A, C])
def test_a_borrowed_name_of_a_known_file_is_remarked_when_it_is_seen_first(
    ledger: Ledger, borrowed: str
) -> None:
    file = file_of(B)
    again = replace(file, path=Path(borrowed))
    outcomes = [ledger.record(one) for one in (file, again, again, file)]
    known = IngestStatus.KNOWN
    assert [one.status for one in outcomes] == [IngestStatus.NEW, known, known, known]
    said = f"it is named {borrowed[:9]}, and is {B[:9]} by its header, which is used."
    assert ledger.findings == [(FindingKind.BORROWED_NAME, borrowed, said)]
    assert [one.reason for one in outcomes] == [None, said, said, None]


@pytest.mark.parametrize("moved", [False, True])
def test_a_version_whose_wcs_moved_under_its_name_is_a_finding(ledger: Ledger, moved: bool) -> None:
    file = replace(file_of(A), **OF_PIPELINE)
    place = (CHIP.crval_deg[0], CHIP.crval_deg[1] + 1e-5 * moved)
    other = replace(wcs(), chips=(replace(CHIP, crval_deg=place),))
    outcomes = [
        ledger.record(one) for one in (file, replace(file, solutions=(other,), sha256="b" * 64))
    ]
    assert [(one.status, one.version) for one in outcomes] == [
        (IngestStatus.NEW, 1),
        (IngestStatus.NEW_VERSION, 2),
    ]
    assert outcomes[0].reason is None
    assert outcomes[1].is_flawed is moved
    wanted = [(FindingKind.CONTRADICTION, A, outcomes[1].reason)] if moved else []
    assert ledger.findings == wanted


@pytest.mark.parametrize("first", ["IR", "UVIS"])
def test_a_file_of_another_detector_is_not_recorded_as_the_exposure_that_it_names(
    ledger: Ledger, session: Session, first: str
) -> None:
    kinds = {"IR": ProductKind.FLT, "UVIS": ProductKind.FLC}
    second = next(detector for detector in kinds if detector != first)
    files = [
        replace(
            file_of(f"ibxl50iaq_{kinds[detector].value}.fits", letter * 64),
            kind=kinds[detector],
            facts=replace(file_of(A).facts, detector=detector),
        )
        for detector, letter in ((first, "a"), (second, "b"))
    ]

    outcomes = [ledger.record(file) for file in files]

    assert [one.status for one in outcomes] == [IngestStatus.NEW, IngestStatus.REJECTED]
    message = (
        f"its header says WFC3/{second}, and ibxl50iaq is an exposure of WFC3/{first} in this "
        "ledger: one of the two has the ROOTNAME of the other"
    )
    assert message in str(outcomes[1].reason)
    kind, _, said = ledger.findings[-1]
    assert kind is FindingKind.REJECTED_FILE
    assert message in said
    assert session.scalars(select(Product.kind)).all() == [kinds[first]]


@pytest.mark.parametrize(("off_s", "is_doubted"), [(0.9, False), (59, False), (772, True)])
def test_a_file_that_began_at_another_time_than_its_exposure_is_doubted(
    ledger: Ledger, off_s: float, is_doubted: bool
) -> None:
    first = file_of(A, "a" * 64)
    begun = (first.facts.expstart_mjd or 0.0) - off_s / 86400.0
    ledger.record(first)
    later = replace(first, sha256="b" * 64, facts=replace(first.facts, expstart_mjd=begun))

    outcome = ledger.record(later)

    assert outcome.status is IngestStatus.NEW_VERSION
    assert outcome.is_flawed is is_doubted
    said = [message for kind, _, message in ledger.findings if kind is FindingKind.DOUBTFUL_FILE]
    assert (
        said
        == [
            "its EXPSTART is 772 s off that of ibxl50iaq on record: one of the two files is of "
            "another exposure."
        ][: int(is_doubted)]
    )


def test_a_product_may_have_the_rootname_of_a_member_that_was_not_first(
    ledger: Ledger,
) -> None:
    ledger.record(file_of(A, "a" * 64))
    made = replace(file_of(A, "b" * 64), path=Path("final_drz.fits"), kind=ProductKind.DRZ)
    begun = replace(file_of(A).facts, expstart_mjd=56244.4, detector="UVIS")

    outcome = ledger.record(replace(made, facts=begun, members=("ibxl50iaq", "ibxl50ibq")))

    assert outcome.status is IngestStatus.NEW
    assert not outcome.is_flawed


@pytest.mark.parametrize("later", [A, A.replace("_flt", "_flc")], ids=["redelivered", "another"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_target_that_one_header_of_an_exposure_has_is_that_of_the_exposure(
    ledger: Ledger, session: Session, later: str, is_first: bool
) -> None:
    files = [file_of(A, "a" * 64), file_of(later, "b" * 64)]
    lacks = files[is_first]
    files[is_first] = replace(lacks, facts=replace(lacks.facts, target_name=None))
    for file in files:
        assert ledger.record(file).status in (IngestStatus.NEW, IngestStatus.NEW_VERSION)
    exposure = session.scalars(select(Exposure)).one()
    assert (exposure.target_name, exposure.visit.target_name) == ("HORSEHEAD", "HORSEHEAD")
    assert ledger.findings == []
