"""Catalogues of Gaia in the ledger, on both databases."""

import json
from dataclasses import replace

import pytest

import skydb
from skydb.archive.endpoints import Endpoints
from skydb.domain import AlignmentSolution
from skydb.domain.catalog import CatalogUse
from skydb.domain.vocabulary import SolutionOrigin, SolutionStatus
from skydb.errors import ArchiveError, NotFoundError, UsageError
from skydb.files.reader import read_facts
from skydb.services.catalogs.catalog_queries import CatalogQueryService
from skydb.services.catalogs.region import Region, archive_versions
from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, ledger_of, offsets_mas, stored
from tests.versions import recorded


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    return Once(tmp_path_factory.getbasetemp()).field


@pytest.fixture(scope="module")
def server(field):
    with LoopbackArchive(field) as archive:
        yield archive


@pytest.fixture
def archive(server):
    server.reset_stats()
    yield server
    server.behave()


@pytest.fixture
def services(ledger_url, field, tmp_path):
    services = ledger_of(ledger_url, field, tmp_path / "data")
    yield services
    services.close()


@pytest.fixture
def catalogs(services, archive):
    """The service under test, on both databases."""
    return CatalogQueryService(services.context, Endpoints(gaia_url=archive.url), 20.0)


@pytest.fixture
def sqlite_catalogs(sqlite_ledger_url, field, tmp_path, archive):
    """The service under test where the database makes no difference."""
    services = ledger_of(sqlite_ledger_url, field, tmp_path / "data")
    yield CatalogQueryService(services.context, Endpoints(gaia_url=archive.url), 20.0)
    services.close()


def rows_of(services, statement):
    return services.plain.sql(statement).rows


def test_the_row_says_what_was_asked_and_what_came(services, catalogs, archive):
    row = catalogs.gaia(name="gaia")
    assert row["sources"] > 100
    assert (row["epoch"], row["epoch_asked"]) == (2016.0, 2016.0)
    assert row["has_proper_motions"] is True
    assert row["proper_motion_applied"] is False
    assert row["truncated"] is False
    assert row["path"] == f"catalogs/{row['sha256'][:12]}/gaia.ecsv"
    [(query, service)] = rows_of(services, "SELECT query, service FROM reference_catalogs")
    document = json.loads(query) if isinstance(query, str) else query
    assert document["server"] == archive.url
    assert document["adql"].startswith("SELECT TOP 50001 source_id, ra,")
    assert {"columns", "cone", "max_rows", "mag_limit"} <= set(document)
    assert service == "gaia"
    kinds = "SELECT status FROM activities WHERE kind = 'catalog'"
    assert [tuple(one) for one in rows_of(services, kinds)] == [("succeeded",)]


def test_the_same_query_is_answered_without_the_service(services, catalogs, archive):
    first = catalogs.gaia()
    archive.misbehave(Fault.DOWN)
    archive.reset_stats()
    again = catalogs.gaia()
    offline = CatalogQueryService(services.context, Endpoints(gaia_url="http://127.0.0.1:9"))
    assert offline.gaia() == again == {**first, "reused": True}
    assert archive.stats().requests["gaia"] == 0


def test_a_failure_leaves_a_failed_activity_and_no_catalogue(services, catalogs, archive):
    archive.misbehave(Fault.DOWN)
    with pytest.raises(ArchiveError):
        catalogs.gaia()
    statement = "SELECT status, error FROM activities WHERE kind = 'catalog'"
    [(status, error)] = rows_of(services, statement)
    assert status == "failed"
    assert "Gaia: http://127.0.0.1" in error
    assert services.refcat.listed() == []
    assert not list((services.context.workspace.root / "scratch").iterdir())
    archive.behave()
    assert catalogs.gaia()["reused"] is False


def test_a_truncated_answer_is_kept_and_flagged_for_ever(services, catalogs):
    row = catalogs.gaia(max_rows=5, name="few")
    assert (row["sources"], row["truncated"]) == (5, True)
    assert "these are only 5" in row["findings"][0]
    assert catalogs.gaia(max_rows=5, name="few")["findings"] == row["findings"]
    [finding] = services.plain.findings()
    assert (finding["kind"], finding["subject"]) == ("catalog", "few")


def test_rows_that_the_service_keeps_back_are_noticed(sqlite_catalogs, archive):
    archive.misbehave(Fault.ROW_CAP, rows=7)
    row = sqlite_catalogs.gaia()
    assert (row["sources"], row["truncated"]) == (7, True)


def test_rows_that_come_twice_are_noticed(sqlite_catalogs, archive):
    whole = sqlite_catalogs.gaia(max_rows=500)
    archive.misbehave(Fault.MORE_ROWS, rows=7)
    row = sqlite_catalogs.gaia(max_rows=500, name="twice", refresh=True)
    assert "rows twice" in row["findings"][0]
    assert row["sources"] == whole["sources"]


def test_a_known_answer_under_a_new_name_gets_a_row_of_its_own(services, catalogs, archive):
    first = catalogs.gaia(max_rows=5, name="few")
    archive.misbehave(Fault.DOWN)
    second = catalogs.gaia(max_rows=5, name="same")
    same = ("sha256", "path", "sources", "truncated", "obtained_at")
    assert {key: second[key] for key in same} == {key: first[key] for key in same}
    assert second["reused"] is True
    assert second["findings"] == first["findings"]
    assert [row["name"] for row in services.refcat.listed()] == ["few", "same"]


def test_another_query_needs_another_name_before_anyone_is_asked(sqlite_catalogs, archive):
    sqlite_catalogs.gaia()
    archive.reset_stats()
    with pytest.raises(UsageError, match="Choose another --name"):
        sqlite_catalogs.gaia(use=CatalogUse(mag_max=18.0))
    with pytest.raises(UsageError, match="Choose another --name"):
        sqlite_catalogs.gaia(use=CatalogUse(mag_max=18.0), refresh=True)
    assert archive.stats().requests["gaia"] == 0


def test_refresh_asks_again_and_finds_the_same(services, catalogs, archive):
    first = catalogs.gaia()
    archive.reset_stats()
    assert catalogs.gaia(refresh=True) == first
    assert archive.stats().requests["gaia"] > 0
    assert len(services.refcat.listed()) == 1


def test_refresh_never_replaces_what_alignments_may_have_used(services, catalogs, archive):
    first = catalogs.gaia()
    archive.misbehave(Fault.ROW_CAP, rows=7)
    with pytest.raises(UsageError, match="that the service gave earlier"):
        catalogs.gaia(refresh=True)
    assert services.refcat.listed()[0]["sha256"] == first["sha256"]
    other = catalogs.gaia(refresh=True, name="newer")
    assert other["sources"] == 7
    archive.behave()
    assert catalogs.gaia()["sha256"] == first["sha256"]


def test_a_stored_catalogue_that_is_gone_is_asked_for_again(services, catalogs):
    first = catalogs.gaia()
    services.context.workspace.resolve(first["path"]).unlink()
    assert catalogs.gaia() == first
    assert len(stored(services, first)) == first["sources"]


def test_the_server_is_recorded_but_its_port_is_no_part_of_the_query(services, catalogs, archive):
    catalogs.gaia()
    moved = CatalogQueryService(services.context, Endpoints(gaia_url="http://127.0.0.1:9"))
    assert moved.gaia()["reused"] is True
    with pytest.raises(UsageError, match="of another query"):
        CatalogQueryService(services.context, Endpoints(gaia_url="http://localhost:9")).gaia()


def test_sources_moved_to_each_visit_are_where_its_stars_are(sqlite_catalogs, field):
    truth = FieldTruth.load(field)
    row = sqlite_catalogs.gaia()
    catalog = stored_of(sqlite_catalogs, row)
    assert catalog.has_proper_motion.all()
    assert offsets_mas(catalog.at_epoch(truth.epoch), field / truth.refcat).max() < 0.02


def stored_of(catalogs, row):
    from skydb.files.catalog import read_catalog

    path = catalogs.context.workspace.resolve(row["path"])
    return read_catalog(path, epoch_year=None)


def test_the_union_of_footprints_holds_every_corner_of_every_exposure(sqlite_catalogs, field):
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.wcs import WCS

    with sqlite_catalogs.context.store.reading() as session:
        cone = Region().cone(session)
    centre = SkyCoord(cone.ra_deg, cone.dec_deg, unit="deg")
    furthest = 0.0 * u.deg
    for path in field.glob("*_flt.fits"):
        with fits.open(path) as hdus:
            corners = SkyCoord(WCS(hdus["SCI"].header, hdus).calc_footprint(), unit="deg")
        furthest = max(furthest, centre.separation(corners).max())
    assert furthest.deg < cone.radius_deg < furthest.deg + 20 / 3600


def test_a_target_is_where_its_exposures_are(sqlite_catalogs):
    with sqlite_catalogs.context.store.reading() as session:
        everything = Region().cone(session)
        target = sqlite_catalogs_target(session)
        assert Region(target=target.lower()).cone(session) == everything
        wider = Region(target=target, radius_arcmin=12.0).cone(session)
        assert (wider.ra_deg, wider.radius_deg) == (everything.ra_deg, 0.2)
        with pytest.raises(NotFoundError, match="no exposure of NGC 1"):
            Region(target="NGC 1").cone(session)


def sqlite_catalogs_target(session):
    from sqlalchemy import select

    from skydb.domain import Exposure

    return session.scalars(select(Exposure.target_name)).first()


def test_a_position_is_taken_as_it_is(sqlite_catalogs):
    with sqlite_catalogs.context.store.reading() as session:
        cone = Region(ra_deg=-10.0, dec_deg=5.0, radius_arcmin=6.0).cone(session)
        assert (cone.ra_deg, cone.dec_deg, cone.radius_deg) == (350.0, 5.0, 0.1)
        assert Region(ra_deg=1.0, dec_deg=5.0).cone(session).radius_deg == 0.05
        with pytest.raises(UsageError, match="cannot be asked for"):
            Region(ra_deg=1.0, dec_deg=5.0, radius_arcmin=0.0).cone(session)


@pytest.mark.parametrize("half", [{"ra_deg": 1.0}, {"dec_deg": 1.0}])
def test_half_a_position_is_refused(half):
    with pytest.raises(UsageError, match="--ra and --dec"):
        Region(**half)


def test_a_position_and_a_target_are_refused():
    with pytest.raises(UsageError, match="not both"):
        Region("M16", 1.0, 1.0)


@pytest.mark.parametrize("ra_deg", [400.0, -361.0, float("inf")])
def test_a_right_ascension_that_is_none_is_not_taken_for_another(ra_deg):
    with pytest.raises(UsageError, match="is more than a circle"):
        Region(ra_deg=ra_deg, dec_deg=5.0)


def test_an_empty_ledger_has_no_footprint(sqlite_ledger_url, tmp_path):
    with skydb.open(sqlite_ledger_url, data=tmp_path) as ledger:
        with pytest.raises(NotFoundError, match="no footprint"):
            ledger.refcat.gaia()
        with pytest.raises(NotFoundError, match="no products"):
            ledger.refcat.footprint()


def test_the_python_interface_gives_a_table(
    sqlite_ledger_url, field, tmp_path, archive, monkeypatch
):
    monkeypatch.setenv("SKYDB_GAIA_URL", archive.url)
    ledger_of(sqlite_ledger_url, field, tmp_path).close()
    with skydb.open(sqlite_ledger_url, data=tmp_path) as ledger:
        near = ledger.refcat.gaia(radius=1.0, name="near", max_rows=9)
        assert (near.name, near.sources) == ("near", 9)


def test_an_alignment_does_not_change_what_is_asked(sqlite_catalogs, archive, field):
    """A fitted WCS is a new version; the query is that of the pointing as it came."""
    before = sqlite_catalogs.gaia()
    with sqlite_catalogs.context.store.writing() as session:
        for version in archive_versions(session):
            facts = read_facts(field / version.filename).with_checksum(f"{version.id:064x}")
            newer = recorded(version.product, facts, f"{version.id}.fits", is_managed=True)
            chips = tuple(moved_by_arcsec(chip, 30.0) for chip in facts.primary.chips)
            AlignmentSolution(
                newer,
                version.solutions[0].activity,
                SolutionOrigin.TWEAKBACK,
                SolutionStatus.APPLIED,
                replace(facts.primary, chips=chips),
            ).wcs_key = " "
        session.commit()
    archive.misbehave(Fault.DOWN)
    assert sqlite_catalogs.gaia() == {**before, "reused": True}


def moved_by_arcsec(chip, arcsec):
    polygon = tuple((ra, dec + arcsec / 3600) for ra, dec in chip.polygon_deg)
    return replace(chip, polygon_deg=polygon)
