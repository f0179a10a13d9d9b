"""Steps of fetches and ingests that need few rows and no archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.archive.mast import MastClient, MastQuery
from skydb.domain import Download, DownloadActivity
from skydb.domain.values import FileFacts, Rootname
from skydb.domain.vocabulary import DownloadStatus, FetchStatus, IngestStatus
from skydb.drizzle.optionfiles import OptionFile
from skydb.errors import FileRejectedError, NotFoundError, SkydbError, UsageError
from skydb.files.headerlets import HeaderletFacts
from skydb.services.intake.choice import choose_inputs
from skydb.services.intake.fetch import FetchService, _linked
from skydb.services.intake.fetched import FetchedFile
from skydb.services.intake.ingest import IngestService, tied
from skydb.services.intake.listed import require_listed
from skydb.services.intake.recorder import IngestOutcome
from skydb.services.intake.selection import Selection
from tests.domain.entities import STAMP, wcs
from tests.services.survey import Survey
from tests.services.tools import MEMBERS, write_exposure, write_product


def test_a_file_that_is_named_is_the_one_that_is_used(services: Services, tmp_path: Path) -> None:
    old, other = (write_exposure(tmp_path / "old", name) for name in MEMBERS)
    new = write_exposure(tmp_path / "new", MEMBERS[0], CAL_VER="4.0")
    product = write_product(tmp_path)
    services.ingest.ingest([old, other, new, product])
    workspace = services.context.workspace

    def used(*files: Path) -> list[tuple[Path, str]]:
        wanted = Selection(files=tuple(map(str, files)))
        with services.context.store.reading() as session:
            found = choose_inputs(session, workspace, wanted)
            return [(workspace.resolve(one.version.path), one.reason) for one in found]

    assert [path for path, _ in used()] == [new, other]
    assert used(old)[0] == (old, "named by its file")
    assert [path for path, _ in used(new, other)] == [new, other]
    for path, what in (
        (tmp_path / "gone_flt.fits", "is not in the ledger"),
        (product, "is not a single exposure"),
    ):
        with pytest.raises(NotFoundError) as caught:
            used(path)
        assert caught.value.what == f"{path} {what}."
    with pytest.raises(UsageError) as twice:
        used(old, other, new)
    assert twice.value.what == f"{old} and {new} are two files of {MEMBERS[0]}."


def test_a_headerlet_belongs_to_an_exposure_whose_header_was_read(services: Services) -> None:
    named = ("ibxl5001q", "ibxl5101q", "ibxl9901q")
    headerlets = [
        HeaderletFacts(Path(f"{name}_hlet.fits"), Rootname.parse(name), wcs(), 2880)
        for name in named
    ]
    with services.context.store.writing() as session:
        survey = Survey(session)
        survey.exposure("50")
        survey.logged("51")
        session.flush()
        image = FileRejectedError("a.fits", "it is none")
        known, *others = tied(session, [*headerlets, image])
        assert isinstance(known, FileFacts)
        assert (str(known.facts.rootname), known.headerlets) == ("ibxl5001q", (wcs(),))
        assert others[-1] is image
        assert [
            (one.path, one.reason) for one in others[:2] if isinstance(one, FileRejectedError)
        ] == [
            (headerlets[1].path, "a headerlet for ibxl5101q, which only a log names"),
            (headerlets[2].path, "a headerlet for ibxl9901q, which is not in the ledger"),
        ]


def test_a_list_names_files_of_the_ledger(services: Services, tmp_path: Path) -> None:
    services.ingest.ingest([write_exposure(tmp_path, name) for name in MEMBERS])
    lines = tmp_path / "exclusions.txt"
    option = OptionFile("exclusions", lines, "0" * 64)
    first, second = (f"{name}_flt.fits" for name in MEMBERS)
    with services.context.store.reading() as session:
        lines.write_text(f"# images\n{first} None\n{second}[1] a.reg\n")
        require_listed(session, (option,))
        lines.write_text(f"{first}\nibxl99zzq_flt.fits\n")
        with pytest.raises(UsageError, match=r"exclusions: .*names ibxl99zzq_flt\.fits, which is"):
            require_listed(session, (option,))
        lines.write_text(f"{first}\n{first}\n")
        with pytest.raises(UsageError, match="is there twice"):
            require_listed(session, (option,))


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("error", [UsageError("no"), NotFoundError("nothing")])
def test_only_a_query_that_was_sent_and_is_to_leave_a_row_leaves_one(
    services: Services, error: SkydbError, record: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(MastClient, "products", refuse)
    with pytest.raises(type(error)):
        FetchService(services.context).plan(MastQuery(("i*",)), record=record)
    with services.context.store.reading() as session:
        errors = [one.error for one in session.scalars(select(DownloadActivity))]
    assert errors == (["nothing"] if record and isinstance(error, NotFoundError) else [])


def test_downloads_of_one_fetch_point_at_the_versions_of_their_bytes(services: Services) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        contents = [survey.content(survey.exposure("50", number)) for number in (1, 2, 3)]
        contents.append(survey.content(contents[0].product))
        rows = {}
        for fetch in range(3):
            activity = DownloadActivity({}, STAMP)
            session.add(activity)
            session.flush()
            for number, content in enumerate(contents):
                row = Download(activity.id, f"mast:{number}")
                row.finish(DownloadStatus.COMPLETE, 1, content.sha256, "path")
                rows[fetch, number] = row
        failed, refused = (Download(rows[1, 0].activity_id, f"mast:{name}") for name in ("x", "y"))
        refused.finish(DownloadStatus.COMPLETE, 1, "f" * 64, "path")
        session.add_all([*rows.values(), failed, refused])
        session.flush()
        files = [
            FetchedFile(f"mast:{name}", "a.fits", "a", FetchStatus.COMPLETE, 1, version=9)
            for name in (3, 2, 1, 0, "x", "y")
        ]
        linked = _linked(session, rows[1, 0].activity_id, files)
        assert [(one.uri, one.version) for one in linked] == [
            ("mast:3", 2), ("mast:2", 1), ("mast:1", 1), ("mast:0", 1), ("mast:x", None),
            ("mast:y", None),
        ]  # fmt: skip
        for (fetch, number), row in rows.items():
            assert row.version is (contents[number] if fetch == 1 else None)
        assert failed.version is refused.version is None


def test_files_that_came_are_ingested_as_skydbs_own_and_say_why_one_is_not_taken(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], bool]] = []
    statuses = {"b": IngestStatus.REJECTED, "c": IngestStatus.NEW, "d": IngestStatus.KNOWN}

    def ingest(_: IngestService, paths: list[str], *, is_managed: bool) -> list[IngestOutcome]:
        asked.append((paths, is_managed))
        return [IngestOutcome(path, "a", statuses[path], "no image") for path in paths]

    monkeypatch.setattr(IngestService, "ingest", ingest)
    gone, known, *came = (
        FetchedFile(f"mast:{name}", "a", "a", FetchStatus.COMPLETE, 1, path=path, version=version)
        for name, path, version in (
            ("x", None, None), ("a", "a", 3), ("d", "d", None), ("b", "b", None), ("c", "c", None)
        )
    )  # fmt: skip
    fetch = FetchService(services.context)
    assert fetch._ingested([gone, known]) == [gone, known]
    assert asked == []
    found = fetch._ingested([gone, known, *came])
    assert asked == [(["b", "c", "d"], True)]
    reasons = [None, None, None, "here, but not recorded: no image", None]
    assert [one.reason for one in found] == reasons
    assert [replace(one, reason=None) for one in found] == [gone, known, *came]
