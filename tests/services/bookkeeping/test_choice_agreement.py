"""Runs, views and due work follow one rule of choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.domain import Acceptance, AlignmentSolution, Exposure, Product, ProductVersion, Visit
from skydb.domain.choice import choose
from skydb.domain.values import Realised
from skydb.domain.vocabulary import Flavour, LinkRole, ProductKind
from skydb.services.alignment.products import choose_products
from skydb.services.intake.choice import choose_inputs
from skydb.services.intake.selection import Selection
from skydb.store.coverage_queries import exposure_states
from tests.domain.entities import facts_of, wcs
from tests.logged import logged_product
from tests.services.survey import Survey

ONE, TWO = "ibxl5001q", "ibxl5002q"
PIPELINE, SVM, USER = Flavour.PIPELINE, Flavour.SVM, Flavour.USER


@dataclass(frozen=True)
class Step:
    """Something that happens to a file of an exposure."""

    rootname: str
    flavour: Flavour
    kind: ProductKind
    what: str


steps = st.lists(
    st.builds(
        Step,
        rootname=st.sampled_from((ONE, TWO)),
        flavour=st.sampled_from((PIPELINE, SVM, USER)),
        kind=st.sampled_from((ProductKind.FLT, ProductKind.FLC)),
        what=st.sampled_from(("named", "delivered", "accepted", "accepted")),
    ),
    min_size=1,
    max_size=8,
)


class Story:
    """A ledger in one session, which is given up in the end."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.catalog = survey.catalog("gaia")
        self.visit = Visit("bxl", "50", 12812)
        survey.session.add(self.visit)
        self.exposures: dict[str, Exposure] = {}
        self.products: dict[tuple[str, Flavour, ProductKind], Product] = {}
        self.written = 2000

    def tell(self, step: Step) -> None:
        product = self._product(step)
        if step.what == "delivered" or (step.what == "accepted" and not product.versions):
            self.written += 1
            self.survey.content(product, date=f"{self.written}-01-01")
        if step.what == "accepted":
            self._accept(product.latest)
        self.survey.session.flush()

    def _product(self, step: Step) -> Product:
        key = (step.rootname, step.flavour, step.kind)
        if key not in self.products:
            if step.rootname not in self.exposures:
                facts = replace(facts_of(step.rootname), asn_id="IBXL50010")
                self.exposures[step.rootname] = Exposure(self.visit, facts)
            prefix = "" if step.flavour is PIPELINE else f"{step.flavour}_"
            name = f"{step.rootname}_{prefix}{step.kind}.fits"
            exposure = self.exposures[step.rootname]
            product = logged_product(name, step.kind, self.visit, exposure)
            product.flavour = step.flavour
            self.survey.session.add(product)
            self.survey.session.flush()
            self.products[key] = product
        return self.products[key]

    def _accept(self, version: ProductVersion) -> None:
        survey = self.survey
        source = survey.fit(version, self.catalog)
        acceptance = Acceptance(source.activity, {}, survey.stamp())  # type: ignore[arg-type]
        survey.session.add(acceptance)
        acceptance.start()
        moved = survey._version(version.product, None, version.date_written, derived_from=version)
        acceptance.generate(moved, LinkRole.ALIGNED)
        carried = AlignmentSolution.carried(moved, acceptance, wcs("IDC_x-FIT_SKYDB_gaia"), source)
        carried.verify(Realised(50.0, 50.0, 0.0))
        version.product.supersede_with(carried)
        acceptance.succeed()

    def shelf(self, rootname: str) -> list[Product]:
        return [
            product
            for (name, *_), product in self.products.items()
            if name == rootname and product.deliveries
        ]


@pytest.fixture
def services(ledger_url: str, tmp_path: Path):
    """Services of a ledger on SQLite, and of one on PostgreSQL."""
    services = Services.open(ledger_url, tmp_path / "data")
    yield services
    services.close()


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(several=steps)
def test_views_the_report_and_what_is_due_say_what_a_run_would_choose(
    services: Services, several: Sequence[Step]
) -> None:
    with services.context.store.writing() as session:
        story = Story(Survey(session))
        for step in several:
            story.tell(step)
        session.expire_all()
        chosen = {
            name: choose(shelf)[0].version.accepted_solution is not None
            for name in story.exposures
            if (shelf := story.shelf(name))
        }
        asked = text("SELECT rootname, aligned FROM v_exposure_status")
        viewed = {name: bool(aligned) for name, aligned in session.execute(asked)}
        reported = {row["rootname"]: row["aligned"] for row in exposure_states(session)}
        due = set(session.scalars(text(
            "SELECT rootname FROM v_todo WHERE rule IN ('not-aligned', 'alignment-outdated')"
        )))  # fmt: skip
        session.rollback()
    expected = {name: chosen.get(name, False) for name in story.exposures}
    assert viewed == expected
    assert reported == expected
    assert due == {name for name, aligned in expected.items() if not aligned}


def aligned_of(services: Services, *done: Step) -> tuple[set[Flavour], set[Flavour]]:
    """Flavours that a sky run would use, and those whose products would be fitted."""
    with services.context.store.writing() as session:
        survey = Survey(session)
        story = Story(survey)
        for step in done:
            story.tell(step)
        for flavour in sorted({step.flavour for step in done}):
            prefix = "" if flavour is PIPELINE else f"{flavour}_"
            drizzled = logged_product(f"ibxl50010_{prefix}drz.fits", ProductKind.DRZ, story.visit)
            drizzled.flavour = flavour
            drizzled.name_members(
                sorted({step.rootname for step in done if step.flavour is flavour})
            )
            session.add(drizzled)
            survey.content(drizzled)
        session.expire_all()
        used = choose_inputs(session, services.context.workspace, Selection())
        fitted = choose_products(session)
        found = tuple({one.version.product.flavour for one in some} for some in (used, fitted))
        session.rollback()
    return found  # type: ignore[return-value]


FLT = ProductKind.FLT


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ([(ONE, SVM, "delivered"), (ONE, PIPELINE, "delivered")], PIPELINE),
        ([(ONE, SVM, "accepted"), (ONE, PIPELINE, "delivered")], SVM),
        ([(ONE, SVM, "accepted"), (ONE, PIPELINE, "delivered"), (TWO, SVM, "delivered"),
          (TWO, PIPELINE, "delivered")], PIPELINE),
        ([(ONE, SVM, "delivered"), (ONE, PIPELINE, "delivered"), (TWO, SVM, "delivered")], SVM),
    ],
)  # fmt: skip
def test_products_of_the_files_that_a_sky_run_uses_are_fitted(
    services: Services, done: list[tuple[str, Flavour, str]], expected: Flavour
) -> None:
    steps_done = [Step(name, flavour, FLT, what) for name, flavour, what in done]
    assert aligned_of(services, *steps_done) == ({expected}, {expected})
