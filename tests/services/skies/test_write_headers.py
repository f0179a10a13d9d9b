"""The skies of a run in the user's own files: written when he says so, and taken back."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.domain import HeaderWrite, ProductVersion
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SkyCardStatus, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, StateError
from skydb.files.headerblocks import replace_headers
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.core.header_journal import HeaderJournal
from skydb.services.skies.skyrun import SkyRunService
from skydb.services.skies.write_headers import SkyHeaderService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.services.tools import MEMBERS, Toolbox, checksums, write_exposure

WHY = "there are no stars to find in a test"


def matched(services, tools=None, method=SkyMethod.MATCH) -> int:
    (row,) = SkyRunService(services.context, tools or Toolbox()).run([method])
    assert row["status"] == "succeeded", row["error"]
    return row["run"]


def cards(path):
    header = fits.getheader(path, "SCI", 1)
    return {name: header.get(name) for name in ("MDRIZSKY", "SKYMETH", "SKYDBRUN")}


def test_the_users_files_get_the_skies_of_one_run(services_anywhere, visit):
    services = services_anywhere
    services.ingest.ingest(visit[:2])
    pixels = [fits.getdata(path, "SCI", 1).tobytes() for path in visit[:2]]
    run = matched(services)
    rows = SkyHeaderService(services.context).write(run)
    assert [(row.rootname, row.extver, row.mdrizsky, row.status) for row in rows] == [
        (MEMBERS[0], 1, 0.0, SkyCardStatus.WRITTEN),
        (MEMBERS[1], 1, 0.125, SkyCardStatus.WRITTEN),
    ]
    assert [row.path for row in rows] == [str(path) for path in visit[:2]]
    assert cards(visit[1]) == {"MDRIZSKY": 0.125, "SKYMETH": "match", "SKYDBRUN": run}
    assert [fits.getdata(path, "SCI", 1).tobytes() for path in visit[:2]] == pixels


def test_the_ledger_knows_the_files_with_the_skies(services, visit):
    services.ingest.ingest(visit[:2])
    SkyHeaderService(services.context).write(matched(services))
    again = services.ingest.ingest(visit[:2])
    assert [(one.status.value, one.version) for one in again] == [("known", 2), ("known", 2)]
    with services.context.store.reading() as session:
        noted = session.scalars(
            select(ProductVersion).where(ProductVersion.is_annotated).order_by(ProductVersion.id)
        ).all()
        for version in noted:
            origin = version.derived_from
            assert version.product.latest is origin
            assert version.current_solution is origin.current_solution


def test_a_run_is_found_again_after_its_skies_were_written(services, visit):
    services.ingest.ingest(visit[:2])
    run = matched(services)
    SkyHeaderService(services.context).write(run)
    assert matched(services) == run


def test_skies_of_another_run_take_the_place_of_those_before(services, visit):
    services.ingest.ingest(visit[:2])
    first, second = matched(services), matched(services, method=SkyMethod.LOCALMIN)
    service = SkyHeaderService(services.context)
    service.write(first)
    written = {path: path.read_bytes() for path in visit[:2]}
    (activity,) = {row.activity for row in service.write(second)}
    assert cards(visit[1]) == {"MDRIZSKY": 1.125, "SKYMETH": "localmin", "SKYDBRUN": second}
    HeaderJournal(services.context).restore(activity)
    assert {path: path.read_bytes() for path in visit[:2]} == written


def test_headers_that_were_put_back_make_the_files_what_they_were(services_anywhere, visit):
    services = services_anywhere
    services.ingest.ingest(visit[:2])
    before = checksums(visit)
    run = matched(services)
    for _ in range(2):
        (activity,) = {row.activity for row in SkyHeaderService(services.context).write(run)}
        HeaderJournal(services.context).restore(activity)
        assert checksums(visit) == before


def test_a_chip_without_a_value_keeps_no_sky_of_before(services, tmp_path, visit):
    lonely = write_exposure(tmp_path / "lonely", "ibxl51iaq", centre_deg=(85.6, -2.2))
    fits.setval(lonely, "MDRIZSKY", value=9.9, extname="SCI")
    services.ingest.ingest([*visit[:2], lonely])
    tools = Toolbox()
    tools.alone = {"ibxl51iaq"}
    rows = SkyHeaderService(services.context).write(matched(services, tools))
    assert {row.rootname: row.status.value for row in rows}["ibxl51iaq"] == "no-value"
    assert cards(lonely)["MDRIZSKY"] is None


def test_a_checksum_in_the_header_is_that_of_the_header_with_the_sky(services, visit):
    with fits.open(visit[0], "update") as hdus:
        for hdu in hdus:
            hdu.add_checksum()
    services.ingest.ingest(visit[:2])
    SkyHeaderService(services.context).write(matched(services))
    with fits.open(visit[0], checksum=True) as hdus:
        assert all(hdu.verify_checksum() == 1 and hdu.verify_datasum() == 1 for hdu in hdus)


def test_a_write_that_fails_half_way_leaves_every_file_as_it_was(services, visit, monkeypatch):
    services.ingest.ingest(visit[:2])
    run, before = matched(services), checksums(visit)
    calls = []

    def stops(path, headers, sha256):
        calls.append(path)
        if len(calls) == 2:
            raise FileRejectedError(path, "the disk is full")
        replace_headers(path, headers, sha256)

    monkeypatch.setattr("skydb.services.core.header_journal.replace_headers", stops)
    with pytest.raises(FileRejectedError, match="disk is full"):
        SkyHeaderService(services.context).write(run)
    assert len(calls) == 3
    assert checksums(visit) == before
    with services.context.store.reading() as session:
        (write,) = session.scalars(select(HeaderWrite))
        assert write.status is ActivityStatus.FAILED


def test_files_that_are_not_what_the_run_used_are_left_and_named(services, visit, catalog_file):
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    fit = AlignService(services.context, Toolbox()).run("gaia")
    AcceptService(services.context, Toolbox()).accept(fit, force_why=WHY)
    run = matched(services)
    with pytest.raises(NotFoundError, match=r"used ibxl50iaq@2, which is not a file of yours"):
        SkyHeaderService(services.context).write(run)
    HeaderService(services.context).accept(fit)
    rows = SkyHeaderService(services.context).write(run)
    assert {row.status for row in rows} == {SkyCardStatus.WRITTEN}
    assert fits.getheader(visit[0], "SCI")["WCSNAME"] == "IDC_w3m18525i-FIT_SKYDB_gaia"


def test_an_acceptance_can_be_written_over_skies(services, visit, catalog_file):
    services.ingest.ingest(visit)
    SkyHeaderService(services.context).write(matched(services))
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    fit = AlignService(services.context, Toolbox()).run("gaia")
    AcceptService(services.context, Toolbox()).accept(fit, force_why=WHY)
    assert len(HeaderService(services.context).accept(fit)[1]) == 3
    assert fits.getheader(visit[0], "SCI")["WCSNAME"] == "IDC_w3m18525i-FIT_SKYDB_gaia"
    # The sky was measured in the other WCS.
    assert cards(visit[0])["MDRIZSKY"] is None


def test_a_gzipped_file_is_refused_before_any_is_written(services, visit):
    packed = visit[1].with_name(f"{visit[1].name}.gz")
    packed.write_bytes(gzip.compress(visit[1].read_bytes(), 1))
    services.ingest.ingest([visit[0], packed])
    run = matched(services)
    before = checksums([visit[0], packed])
    with pytest.raises(StateError, match=r"\.fits\.gz is gzipped.*gunzip"):
        SkyHeaderService(services.context).write(run)
    assert checksums([visit[0], packed]) == before
    with services.context.store.reading() as session:
        assert session.scalars(select(HeaderWrite)).all() == []


def test_one_file_in_another_place_leaves_the_other_alone(services, visit):
    services.ingest.ingest(visit[:2])
    run = matched(services)
    with services.context.store.writing() as session:
        version = session.scalars(
            select(ProductVersion).where(ProductVersion.filename == visit[0].name)
        ).one()
        version.locations[0].is_managed = True
        session.commit()
    rows = SkyHeaderService(services.context).write(run)
    assert {row.rootname: row.status.value for row in rows} == {
        MEMBERS[0]: "left", MEMBERS[1]: "written",
    }  # fmt: skip
    with services.context.store.reading() as session:
        write = session.get_one(HeaderWrite, rows[0].activity)
        (finding,) = write.findings
        assert (finding.kind, finding.subject) == (FindingKind.NOT_WRITTEN, MEMBERS[0])


def test_only_a_run_that_succeeded_has_skies_to_write(services, visit):
    services.ingest.ingest(visit[:2])
    tools = Toolbox()
    tools.crashes = {"astrodrizzle"}
    (row,) = SkyRunService(services.context, tools).run([SkyMethod.MATCH])
    with pytest.raises(StateError, match="is failed: it has no skies"):
        SkyHeaderService(services.context).write(row["run"])
    with pytest.raises(NotFoundError, match="There is no sky run 999"):
        SkyHeaderService(services.context).write(999)


#: As a user would call it, in a directory of his own.
USERS_CALL = """
import sys
from drizzlepac.astrodrizzle import AstroDrizzle
AstroDrizzle(
    sys.argv[1:], output="own", build=False, clean=True, preserve=False, context=False,
    skysub=False, skyuser="MDRIZSKY", driz_separate=False, median=False, blot=False,
    driz_cr=False, final_bits="16", final_wcs=True, final_rot=0.0, resetbits=0,
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["IR", "UVIS"])
def test_astrodrizzle_with_skyuser_makes_the_same_mosaic(
    services, tmp_path, detector, forked_workers
):
    field = tmp_path / "field"
    simulate_field(field, FieldPlan(SimDetector(detector), (2, 1), 1, 128, products=False))
    kind = "flt" if detector == "IR" else "flc"
    exposures = sorted(field.glob(f"*_{kind}.fits"))
    services.ingest.ingest(exposures)
    settings = AstroDrizzleSettings(final_bits="16", final_rot_deg=0.0)
    (row,) = services.sky(1).run([SkyMethod.GLOBALMIN_MATCH], settings=settings, selftest=False)
    assert row["status"] == "succeeded", row["error"]
    SkyHeaderService(services.context).write(row["run"])
    call = tmp_path / "call.py"
    call.write_text(USERS_CALL)
    forked_workers.script(call, *exposures, cwd=tmp_path)
    (own,) = tmp_path.glob("own_dr?_sci.fits")
    ours, theirs = fits.getdata(row["mosaic"]), fits.getdata(own)
    # AstroDrizzle subtracts a float64 in one case and a float32 in the other.
    rounding = 4 * np.finfo("f4").eps * np.nanmax(np.abs(ours))
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=rounding)
