"""What is asked of a fetch, and what is said of a file: without an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastProduct, MastQuery
from skydb.domain import BookEntry
from skydb.domain.vocabulary import EntryKind, FetchStatus
from skydb.errors import UsageError
from skydb.services.intake.fetched import FetchedFile, FetchPlan, FetchSettings, planned_file
from skydb.services.intake.guards import Subjects


def file(status: FetchStatus, reason: str | None = None) -> FetchedFile:
    return FetchedFile("mast:HST/a", "a_flt.fits", "a", status, 1, reason=reason)


@pytest.mark.parametrize("status", list(FetchStatus))
def test_a_file_is_unusable_or_flagged_by_what_became_of_it(status: FetchStatus) -> None:
    failed = status in (FetchStatus.FAILED, FetchStatus.CORRUPT)
    assert file(status).is_unusable is failed
    assert file(status).is_flagged is (status is FetchStatus.REJECTED)
    assert file(status, "odd").is_flagged is True
    assert file(status, "").is_flagged is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"jobs": 0}, {"jobs": -1}, {"attempts": 0}, {"timeout_s": 0.0}, {"timeout_s": -1.0},
        {"timeout_s": float("nan")},
    ],
)  # fmt: skip
def test_numbers_of_a_fetch_are_positive(wrong: dict) -> None:
    with pytest.raises(UsageError, match="must be positive"):
        FetchSettings(**wrong)


def test_one_job_and_one_attempt_are_enough() -> None:
    one = FetchSettings(jobs=1, attempts=1, timeout_s=0.1)
    assert (one.jobs, one.attempts, one.timeout_s, one.refresh, one.dest) == (
        1, 1, 0.1, False, None
    )  # fmt: skip


def test_files_of_unknown_size_and_bad_names_add_no_bytes_to_a_plan() -> None:
    products = tuple(
        MastProduct("mast:a", name, size)
        for name, size in (
            ("ibxl50clq_flt.fits", 100), ("ibxl50clq_raw.fits", None), ("ibxl50clq_drz.fits", 20),
            ("../passwd", 7000),
        )
    )  # fmt: skip
    plan = FetchPlan(MastQuery(("i*",)), FetchSettings(), products, ())
    assert plan.total_bytes == 120


def test_a_file_is_planned_below_the_directory_or_rejected(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "ibxl50ciq").symlink_to(elsewhere)

    def planned(name: str) -> FetchedFile:
        product = MastProduct(f"mast:{name}", name, 7, "FLT", "CALWF3")
        return planned_file(product, FileStore(root))

    name = "ibxl50clq_flt.fits"
    assert planned(name) == FetchedFile(
        f"mast:{name}", name, "ibxl50clq", FetchStatus.PLANNED, 7, None,
        str(root / "ibxl50clq" / name), "FLT", "CALWF3",
    )  # fmt: skip
    # A link in the directory leads out of it.
    name = "ibxl50ciq_flt.fits"
    assert planned(name) == FetchedFile(
        f"mast:{name}", name, "ibxl50ciq", FetchStatus.REJECTED, None, kind="FLT",
        project="CALWF3", reason=f"{name} would leave {root}.",
    )  # fmt: skip
    long = planned("x" * 300)
    assert (long.status, long.reason) == (FetchStatus.REJECTED, "its name has 300 characters")
    assert long.filename.startswith("x" * 80 + "...")
    assert len(long.filename) == len(long.rootname) == 91


def _entry(kind: EntryKind, **keys: int) -> BookEntry:
    entry = BookEntry(None, kind, "Ada", "seen")
    for name, key in keys.items():
        setattr(entry, name, key)
    return entry


def test_remarks_are_about_an_input_by_its_keys_and_of_visits_flags_alone() -> None:
    subjects = Subjects(frozenset({1}), frozenset({2}), frozenset({3}))
    for kind in (EntryKind.NOTE, EntryKind.FLAG):
        assert subjects.has(_entry(kind, exposure_id=1))
        assert subjects.has(_entry(kind, product_id=2))
        assert subjects.has(_entry(kind, visit_id=3)) is (kind is EntryKind.FLAG)
        for name in ("exposure_id", "product_id", "visit_id"):
            assert not subjects.has(_entry(kind, **{name: 9}))
        assert not Subjects().has(_entry(kind, exposure_id=1))
