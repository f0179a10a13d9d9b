"""Every activity says what it used and made, also when it failed: no lineage has a hole."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    Activity,
    AlignmentRun,
    CatalogImport,
    CatalogService,
    Generation,
    Mosaic,
    ProductVersion,
    Restoration,
    SkyRun,
    Usage,
)
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import ToolError
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.wcs_ledger import WcsLedgerService
from skydb.services.catalogs.catalog_cache import CatalogCache, Obtained, Question
from tests.services.provenance.conftest import Story
from tests.services.tools import MEMBERS, PRODUCT


def used_by(session: Session, activity: Activity) -> set[str]:
    return {f"{one.version.product.filename}@{one.version.number}" for one in activity.used}


def newest(session: Session, kind: type[Activity]) -> Activity:
    found = session.scalars(select(kind).order_by(kind.id.desc()).limit(1)).one()
    return found


def test_a_fit_that_failed_says_what_it_was_given(story: Story) -> None:
    story.tools.crashes = {"tweakreg"}
    with pytest.raises(ToolError):
        AlignService(story.services.context, story.tools).run("gaia")
    with story.services.context.store.reading() as session:
        run = newest(session, AlignmentRun)
        assert run.status is ActivityStatus.FAILED
        assert used_by(session, run) == {f"{PRODUCT}@2"}


@pytest.mark.parametrize("trouble", ["crash", "stray"])
def test_an_acceptance_that_failed_says_what_it_was_given(story: Story, trouble: str) -> None:
    fit = AlignService(story.services.context, story.tools).run("gaia")
    if trouble == "stray":
        story.tools.strays = {MEMBERS[0]: 1e-4}
        AcceptService(story.services.context, story.tools).accept(fit)
    else:
        story.tools.crashes = {"tweakback"}
        with pytest.raises(ToolError):
            AcceptService(story.services.context, story.tools).accept(fit)
    with story.services.context.store.reading() as session:
        acceptance = newest(session, Acceptance)
        assert acceptance.status is ActivityStatus.FAILED
        files = {f"{name}_flt.fits@2" for name in MEMBERS}
        assert used_by(session, acceptance) == {f"{PRODUCT}@2", *files}


def test_a_restoration_leads_to_the_content_that_it_started_from(story: Story) -> None:
    solution = next(
        row["id"]
        for row in story.services.solutions.history(MEMBERS[0])
        if row["origin"] == "archive"
    )
    WcsLedgerService(story.services.context, story.tools).restore(solution)
    with story.services.context.store.reading() as session:
        activity = newest(session, Restoration)
        assert used_by(session, activity) == {f"{MEMBERS[0]}_flt.fits@2"}
    graph = story.explain(f"{MEMBERS[0]}_flt.fits@3")
    assert graph.nodes.keys() > story.explain(f"{MEMBERS[0]}_flt.fits@2").nodes.keys()
    origins = {node.attributes.get("origin") for node in graph.nodes.values()}
    assert {"restored", "archive"} <= origins


def test_a_catalogue_under_a_second_name_says_whose_footprints_it_is_of(story: Story) -> None:
    shelf = CatalogCache(story.services.context)
    sources = Table({"ra": [85.25, 85.26, 85.27], "dec": [-2.46, -2.45, -2.44]})

    def ask(_: Path) -> Obtained:
        return Obtained(sources, 2016.0, 2016.0, proper_motion_applied=True, truncated=False)

    with story.services.context.store.reading() as session:
        version = session.scalars(select(ProductVersion)).first()
        assert version is not None
    document = {"server": "http://localhost", "cone": [85.25, -2.46, 0.1]}
    for name in ("first", "second"):
        question = Question(name, CatalogService.GAIA, document, (version.id,))
        shelf.obtain(question, ask)
    with story.services.context.store.reading() as session:
        again = newest(session, CatalogImport)
        assert again.parameters["same_as"] == "first"
        assert [one.version_id for one in again.used] == [version.id]


def test_nothing_of_a_whole_story_is_without_what_it_came_from(story_anywhere: Story) -> None:
    with story_anywhere.services.context.store.reading() as session:
        made = {one.version_id for one in session.scalars(select(Generation))}
        assert made == {one.id for one in session.scalars(select(ProductVersion))}
        working = select(Activity.id).where(
            Activity.kind.in_(("alignment", "acceptance", "sky-run", "overlap"))
        )
        assert set(session.scalars(working)) == {
            one.activity_id for one in session.scalars(select(Usage))
        }
        runs = {run.id for run in session.scalars(select(SkyRun))}
        assert {mosaic.run_id for mosaic in session.scalars(select(Mosaic))} == runs
