"""``skydb.simulate``, ``skydb.simulate.redeliver`` and ``skydb.serve``, as programs call them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

import skydb
from skydb.errors import NotFoundError, UnreadableFileError, UsageError
from skydb.files.drafts import WHOLE, draft_of
from skydb.files.processes import this_process
from skydb.simulate import calling
from skydb.simulate.truth import FieldTruth
from tests.commands import skydb as command

SMALL: dict[str, Any] = {"tiles": "1x1", "dithers": 2, "size": 64}


@pytest.fixture(autouse=True)
def without_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs drizzlepac, which is fast."""
    plan_of = calling.plan_of
    monkeypatch.setattr(
        calling, "plan_of", lambda *a, **k: replace(plan_of(*a, **k), products=False)
    )


@pytest.fixture
def field(tmp_path: Path) -> Path:
    skydb.simulate(tmp_path / "field", **SMALL)
    return tmp_path / "field"


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(directory.glob("*.*")) if path.is_file()
    }


def test_fields_of_two_programs_have_visits_of_their_own(tmp_path: Path) -> None:
    names = []
    for program, proposal in (("iab", 15000), ("JCX", 14000)):
        truth = skydb.simulate(tmp_path / program, **SMALL, program=program, proposal=proposal)
        names += [one.rootname for one in truth.exposures]
    assert {name[1:6] for name in names} == {"iab50", "jcx50"}
    answer = command("simulate", tmp_path / "other", "--program", "long")
    assert answer.code == 2 and "three lower-case letters" in answer.err


def test_a_field_that_is_there_is_written_over_only_on_request(field: Path) -> None:
    old = contents(field)
    with pytest.raises(UsageError, match=r"holds truth\.json already\. Name another"):
        skydb.simulate(field, **SMALL, seed=2)
    answer = command("simulate", field, "--tiles", "1x1", "--size", 64, "--seed", 2)
    assert answer.code == 2 and "--overwrite" in answer.err
    assert contents(field) == old
    skydb.simulate(field, **SMALL, seed=2, overwrite=True)
    assert contents(field).keys() == old.keys() and contents(field) != old


@pytest.mark.parametrize("name", ["ibxl50clq_flt.fits", "ibxl50030_drz.fits", "gaia.ecsv"])
def test_files_of_your_own_with_these_names_are_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UsageError, match=f"holds {name} already"):
        skydb.simulate(tmp_path, **SMALL)
    assert contents(tmp_path) == {name: b"mine"}


def test_other_files_in_the_directory_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "icdx01abq_flt.fits").write_bytes(b"mine")
    assert len(skydb.simulate(tmp_path, **SMALL).exposures) == 2


def test_a_field_is_redelivered_beside_itself_and_again_only_on_request(field: Path) -> None:
    old = contents(field)
    truth = skydb.simulate.redeliver(field, only="IBXL50CLQ")
    assert [exposure.rootname for exposure in truth.exposures] == ["ibxl50clq"]
    with pytest.raises(UsageError, match=r"redelivered holds truth\.json"):
        skydb.simulate.redeliver(field)
    assert command("simulate", field, "--redeliver").code == 2
    assert command("simulate", field, "--redeliver", "--overwrite").code == 0
    assert len(contents(field / "redelivered")) == len(old)
    assert contents(field) == old
    with pytest.raises(UsageError, match="holds the field itself"):
        skydb.simulate.redeliver(field, out=field)


def leave_whole(field: Path) -> None:
    """Leave a field as a process does that was killed while it put it in its place."""
    place, pid, _ = str(this_process().mark).split("-")
    draft = draft_of(field / "truth.json").name.replace(f"{place}-{pid}-", f"{place}-999999999-")
    home = field / f"{draft}{WHOLE}"
    home.mkdir()
    for path in sorted(field.glob("*.*"))[1:]:
        if path.is_file():
            path.rename(home / path.name)


def test_a_field_that_was_made_when_its_process_was_killed_is_made_again_and_no_other(
    field: Path,
) -> None:
    old = contents(field)
    leave_whole(field)
    assert len(contents(field)) < len(old)
    with pytest.raises(UsageError, match=r"holds truth\.json"):
        skydb.simulate(field, **{**SMALL, "dithers": 1})
    assert contents(field) == old
    leave_whole(field)
    skydb.simulate(field, **SMALL)
    assert contents(field) == old
    skydb.simulate.redeliver(field)
    new = contents(field / "redelivered")
    leave_whole(field / "redelivered")
    skydb.simulate.redeliver(field)
    assert contents(field / "redelivered") == new


def test_a_simulation_that_does_not_end_leaves_nothing(
    tmp_path: Path, field: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = contents(field)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(next(tmp_path.glob("*/.*")) / "x.fits"))

    monkeypatch.setattr(FieldTruth, "save", full)
    with pytest.raises(UnreadableFileError, match="No space") as failed:
        skydb.simulate(field, **SMALL, seed=2, overwrite=True)
    assert failed.value.path == field / "x.fits"
    with pytest.raises(UnreadableFileError, match="No space"):
        skydb.simulate.redeliver(field, out=tmp_path / "field" / "new")
    assert contents(field) == old
    assert [path for path in tmp_path.rglob("*") if path.is_dir()] == [field]


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(path: Path, *_: object, **__: object) -> None:
        if path.name.startswith("."):
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(UnreadableFileError, match="cannot be used") as refused:
        skydb.simulate(tmp_path / "new", **SMALL)
    assert refused.value.path == tmp_path / "new"


def test_an_archive_serves_a_field_until_it_is_stopped(field: Path, tmp_path: Path) -> None:
    with skydb.serve(field) as archive:
        assert repr(archive) == f"<LoopbackArchive serves {field} on {archive.url}>"
        with skydb.init(tmp_path / "a.sqlite", archive=archive) as db:
            assert {file.rootname for file in db.fetch.plan(proposal=12812)} == {
                "ibxl50clq",
                "ibxl50cqq",
            }
    assert repr(archive) == "<LoopbackArchive is stopped>"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{archive.url}/whoami", timeout=300)


@pytest.mark.parametrize("archive", [8123, "field", ""])
def test_what_is_no_archive_is_refused(tmp_path: Path, archive: object) -> None:
    with pytest.raises(UsageError, match="is not an archive"):
        skydb.init(tmp_path / "a.sqlite", archive=archive)
    assert not (tmp_path / "a.sqlite").exists()


@pytest.mark.parametrize("call", [skydb.serve, lambda path: skydb.simulate.redeliver(path)])
def test_a_directory_without_a_field_is_named(
    tmp_path: Path, call: Callable[[Path], object]
) -> None:
    with pytest.raises(NotFoundError, match=r"truth\.json"):
        call(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": "big"}, "size='big' is not a whole number"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"tiles": 3}, "3 is not a number of tiles"),
        ({"tiles": "3x3x3"}, "not a number of tiles"),
        ({"cosmic_rays": "yes"}, "cosmic_rays='yes' is neither"),
        ({"exptime_s": float("nan")}, "exptime_s=nan is not a number"),
        ({"detector": 5}, "Unknown detector"),
        ({"overwrite": None}, "overwrite=None is neither"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        skydb.simulate(tmp_path / "field", **SMALL | wrong)
    assert not (tmp_path / "field").exists()


def test_a_port_and_a_shift_are_numbers(field: Path) -> None:
    with pytest.raises(UsageError, match="port='any' is not a whole number"):
        skydb.serve(field, port="any")
    with pytest.raises(UsageError, match="shift_mas='far' is not a number"):
        skydb.simulate.redeliver(field, shift_mas="far")
