"""Inputs stay as they are, it is proved each time, and what was written can be taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.domain import HeaderWrite, InputProof, ProductVersion, SkyRun
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SkyMethod
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import FileRejectedError, NotFoundError, StateError, ToolCrashedError, ToolError
from skydb.files.headerblocks import replace_headers
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.core.isolation import isolated
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import (
    MEMBERS,
    PRODUCT,
    Toolbox,
    checksums,
    files_below,
    write_exposure,
)

WHY = "there are no stars to find in a test"


class Meddler(Toolbox):
    """Does its work, and something to a file that is not its own."""

    def __init__(self, victim: Path, deed=lambda path: path.write_bytes(b"gone wrong")):
        super().__init__()
        self.victim, self.deed = victim, deed

    def run(self, task, request, scratch):
        self.deed(self.victim)
        return super().run(task, request, scratch)


def prepare(services, visit, catalog_file):
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")


def aligned(services, visit, catalog_file) -> int:
    prepare(services, visit, catalog_file)
    return AlignService(services.context, Toolbox()).run("gaia")


def accepted(services, visit, catalog_file) -> int:
    run = aligned(services, visit, catalog_file)
    AcceptService(services.context, Toolbox()).accept(run, force_why=WHY)
    return run


def proofs(services, tool):
    with services.context.store.reading() as session:
        found = session.scalars(select(InputProof).where(InputProof.tool == tool))
        return {proof.version.filename: proof for proof in found}


def findings(services, kind):
    return [one for one in services.plain.findings() if one["kind"] == kind.value]


def test_a_sky_run_proves_that_its_inputs_are_untouched_and_keeps_what_changed_in_copies(
    services_anywhere, visit
):
    services = services_anywhere
    before = checksums(visit)
    services.ingest.ingest(visit[:2])
    SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    assert checksums(visit) == before
    found = proofs(services, "AstroDrizzle")
    assert set(found) == {path.name for path in visit[:2]}
    for path in visit[:2]:
        proof = found[path.name]
        assert proof.is_untouched
        assert proof.sha256_before == proof.sha256_after == before[path]
        assert (proof.cards_added, proof.cards_removed, proof.cards_changed) == (1, 0, 0)
        assert not proof.pixels_changed
        assert list(proof.changes) == ["SCI,1"]
        assert list(proof.changes["SCI,1"]["added"]) == ["MDRIZSKY"]


def test_tweakreg_and_tweakback_are_watched_too(services, visit, catalog_file):
    before = checksums(visit)
    accepted(services, visit, catalog_file)
    assert checksums(visit) == before
    (fit,) = proofs(services, "TweakReg").values()
    assert fit.version.filename == PRODUCT
    assert fit.changes["SCI,1"]["added"]["NMATCH"] == 30
    assert fit.changes["SCI,1"]["changed"]["WCSNAME"][1] == "SKYDB_PROPOSED"
    moved = proofs(services, "TweakBack")
    assert set(moved) == {PRODUCT, *(f"{member}_flt.fits" for member in MEMBERS)}
    assert moved[PRODUCT].changes == {}
    assert "CRVAL1" in moved[f"{MEMBERS[0]}_flt.fits"].changes["SCI,1"]["changed"]
    assert all(proof.is_untouched for proof in moved.values())


def test_the_proofs_can_be_asked_for_in_sql(services_anywhere, visit):
    services_anywhere.ingest.ingest(visit[:2])
    SkyRunService(services_anywhere.context, Toolbox()).run([SkyMethod.LOCALMIN])
    answer = services_anywhere.plain.sql(
        "SELECT activity_kind, tool, rootname, cards_added FROM v_input_proofs ORDER BY rootname"
    )
    assert [tuple(row) for row in answer.rows] == [
        ("sky-run", "AstroDrizzle", member, 1) for member in MEMBERS
    ]


@pytest.mark.parametrize(
    ("deed", "what"),
    [(lambda path: path.write_bytes(b"x"), "has changed"), (Path.unlink, "is gone")],
)
def test_a_run_whose_input_changed_is_failed_and_names_the_file(
    services_anywhere, visit, deed, what
):
    services = services_anywhere
    services.ingest.ingest(visit[:2])
    (row,) = SkyRunService(services.context, Meddler(visit[0], deed)).run([SkyMethod.MATCH])
    assert row["status"] == ActivityStatus.FAILED.value
    assert f"ran while its input changed: {visit[0]}" in row["error"]
    (finding,) = findings(services, FindingKind.INPUT_CHANGED)
    assert finding["subject"] == str(visit[0])
    assert what in finding["message"]
    touched = {name: proof.is_untouched for name, proof in proofs(services, "AstroDrizzle").items()}
    assert touched == {visit[0].name: False, visit[1].name: True}


def test_an_alignment_and_an_acceptance_whose_input_changed_keep_nothing(
    services, visit, catalog_file
):
    run = aligned(services, visit, catalog_file)
    with pytest.raises(ToolError, match="TweakBack ran while its input changed"):
        AcceptService(services.context, Meddler(visit[0])).accept(run, force_why=WHY)
    assert not [name for name in files_below(services.context.workspace.root) if "versions" in name]
    with pytest.raises(ToolError, match="TweakReg ran while its input changed"):
        AlignService(services.context, Meddler(visit[2])).run("gaia")
    assert len(findings(services, FindingKind.INPUT_CHANGED)) == 2


def test_a_tool_that_crashes_is_watched_like_any_other(services, visit):
    class Dying(DrizzlepacRunner):
        def run(self, task, request, scratch):
            copy = scratch / request["jobs"][0]["directory"] / visit[0].name
            copy.write_bytes(b"half a file")
            visit[1].write_bytes(b"nothing")
            raise ToolCrashedError("AstroDrizzle", "was killed by SIGKILL")

    services.ingest.ingest(visit[:2])
    (row,) = SkyRunService(services.context, Dying()).run([SkyMethod.MATCH])
    assert "was killed by SIGKILL" in row["error"]
    found = proofs(services, "AstroDrizzle")
    assert found[visit[0].name].pixels_changed
    assert found[visit[0].name].is_untouched
    assert not found[visit[1].name].is_untouched
    assert [one["subject"] for one in findings(services, FindingKind.INPUT_CHANGED)] == [
        str(visit[1])
    ]


def test_an_input_is_read_again_even_if_no_tool_was_called(services, visit):
    services.ingest.ingest(visit[:1])
    SkyRunService(services.context, Toolbox()).run([SkyMethod.LOCALMIN])
    with services.context.store.reading() as session:
        run = session.scalars(select(SkyRun)).one()
        version_id, run_id = run.used[0].version_id, run.id
    with (
        pytest.raises(ToolError, match="drizzlepac ran while its input changed"),
        isolated(services.context, run_id, {version_id: visit[0]}, Toolbox()),
    ):
        visit[0].unlink()


def test_the_users_files_get_the_accepted_headers_only_when_he_says_so(
    services_anywhere, visit, catalog_file
):
    services = services_anywhere
    before = checksums(visit)
    run = accepted(services, visit, catalog_file)
    assert checksums(visit) == before
    written = HeaderService(services.context).accept(run)[1]
    assert [(one.filename, one.version_before, one.version_after) for one in written] == [
        *((f"{member}_flt.fits", 1, 2) for member in MEMBERS),
        (visit[2].name, 1, 2),
    ]
    for path in visit:
        assert fits.getheader(path, "SCI")["WCSNAME"] == "IDC_w3m18525i-FIT_SKYDB_gaia"
    assert [one.status.value for one in services.ingest.ingest(visit)] == ["known"] * 3
    assert [one.version for one in services.ingest.ingest(visit)] == [2, 2, 2]


def test_a_product_that_only_skydb_keeps_is_not_among_the_files_of_the_user(
    services, visit, catalog_file
):
    run = accepted(services, visit, catalog_file)
    with services.context.store.writing() as session:
        (product,) = session.scalars(
            select(ProductVersion).where(
                ProductVersion.filename == visit[2].name, ProductVersion.number == 1
            )
        )
        product.locations[0].is_managed = True
        session.commit()
    before = checksums(visit)[visit[2]]
    written = HeaderService(services.context).accept(run)[1]
    assert [one.filename for one in written] == [path.name for path in visit[:2]]
    assert checksums(visit)[visit[2]] == before


def test_headers_that_were_put_back_make_the_files_what_they_were(services, visit, catalog_file):
    before = checksums(visit)
    run = accepted(services, visit, catalog_file)
    kept = files_below(services.context.workspace.root)
    service = HeaderService(services.context)
    (activity,) = {one.activity for one in service.accept(run)[1]}
    restored = service.restore(activity)
    assert [one.filename for one in restored] == [path.name for path in visit]
    assert [(one.version_before, one.version_after) for one in restored] == [(2, 1)] * 3
    assert checksums(visit) == before
    assert files_below(services.context.workspace.root) == kept
    with pytest.raises(StateError, match="nothing left of activity"):
        service.restore(activity)
    # And again, for it is as if it had never been.
    assert len(service.accept(run)[1]) == 3


def test_the_ledger_can_still_read_the_version_that_was_written_over(services, visit, catalog_file):
    run = accepted(services, visit, catalog_file)
    HeaderService(services.context).accept(run)
    # A new fit of the archive's product needs the exposures as the archive made them.
    again = AlignService(services.context, Toolbox(shift_deg=(2e-5, 1e-5))).run("gaia")
    outcomes = AcceptService(services.context, Toolbox()).accept(again, force_why=WHY)
    assert [one.version for one in outcomes] == [3, 3]


def test_a_file_that_was_changed_since_is_not_written_over(services, visit, catalog_file):
    run = accepted(services, visit, catalog_file)
    service = HeaderService(services.context)
    fits.setval(visit[0], "OBSERVER", value="me")
    with pytest.raises(FileRejectedError, match="is no longer version 1"):
        service.accept(run)


def test_headers_are_not_put_back_over_a_change_of_the_users(services, visit, catalog_file):
    run = accepted(services, visit, catalog_file)
    service = HeaderService(services.context)
    activity = service.accept(run)[1][0].activity
    fits.setval(visit[0], "OBSERVER", value="me")
    with pytest.raises(StateError, match="was changed since its headers were written"):
        service.restore(activity)
    assert fits.getheader(visit[0])["OBSERVER"] == "me"


@pytest.mark.parametrize("is_gone", [False, True])
def test_what_is_advised_of_a_file_that_was_delivered_anew_in_its_place_works(
    services, visit, catalog_file, tmp_path, is_gone
):
    before = checksums(visit)
    run = accepted(services, visit, catalog_file)
    service = HeaderService(services.context)
    activity = service.accept(run)[1][0].activity
    visit[0].unlink()
    anew = write_exposure(tmp_path / "anew", MEMBERS[0], DATE="2026-05-05", CAL_VER="9.9.1")
    if not is_gone:
        shutil.copy(anew, visit[0])

    said = r"is gone .* `skydb fsck --repair`" if is_gone else r"was changed .* `skydb ingest"
    with pytest.raises(StateError, match=rf"\.fits {said}"):
        service.restore(activity)
    shutil.copy(anew, visit[0])
    services.ingest.ingest([visit[0]])
    service.restore(activity)

    now = checksums(visit)
    assert now[visit[0]] == checksums([anew])[anew]
    assert [now[path] for path in visit[1:]] == [before[path] for path in visit[1:]]
    (left,) = findings(services, FindingKind.NOT_WRITTEN)
    assert left["subject"] == str(visit[0])
    assert [one.filename for one in service.accept(run)[1]] == [path.name for path in visit[1:]]
    assert checksums(visit)[visit[0]] == now[visit[0]]


def test_a_write_that_stopped_half_way_can_be_taken_back(
    services, visit, catalog_file, monkeypatch
):
    before = checksums(visit)
    run = accepted(services, visit, catalog_file)
    done: list[Path] = []

    def stops(path, headers, sha256):
        if done:
            raise FileRejectedError(path, "the disk is full")
        done.append(path)
        replace_headers(path, headers, sha256)

    service = HeaderService(services.context)
    monkeypatch.setattr("skydb.services.core.header_journal.replace_headers", stops)
    with pytest.raises(FileRejectedError, match="disk is full"):
        service.accept(run)
    monkeypatch.undo()
    with services.context.store.reading() as session:
        (write,) = session.scalars(select(HeaderWrite))
        assert write.status is ActivityStatus.FAILED
    service.restore(write.id)
    assert checksums(visit) == before


def test_there_is_nothing_to_put_back_where_nothing_was_written(services, visit, catalog_file):
    run = aligned(services, visit, catalog_file)
    service = HeaderService(services.context)
    with pytest.raises(NotFoundError, match=f"Activity {run} has written no headers"):
        service.restore(run)
