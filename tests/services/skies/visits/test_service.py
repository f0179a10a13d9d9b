"""Visit-level products of skydb: made once, found again, fitted, accepted and repeated."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Activity, Finding, Product, VisitDrizzle
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import (
    ActivityStatus,
    FindingKind,
    Flavour,
    LinkRole,
    ProductKind,
    ReplayVerdict,
    SkyMethod,
)
from skydb.errors import InputsRefusedError, NotFoundError, StateError, ToolError, UsageError
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.products import choose_products
from skydb.services.intake.selection import Selection
from skydb.services.provenance.replay import ReplayService
from skydb.services.skies.visits.service import VisitDrizzleService
from tests.services.tools import (
    MEMBERS,
    Toolbox,
    checksums,
    write_catalog,
    write_exposure,
    write_product,
)

OTHERS = ("ibxl51iaq", "ibxl51ibq")
MADE = "ibxl50_ir_f160w_drz.fits"


@pytest.fixture
def field(services_anywhere: Services, tmp_path: Path) -> Services:
    """Two exposures of one visit without a product of the archive, and a catalogue."""
    services_anywhere.ingest.ingest([write_exposure(tmp_path / "f", name) for name in MEMBERS])
    services_anywhere.refcat.import_file(write_catalog(tmp_path), 2016.0, "gaia")
    return services_anywhere


def drizzle(services: Services, tools: Toolbox, **more: Any) -> list[dict[str, Any]]:
    return VisitDrizzleService(services.context, tools).drizzle(**more)


def align(services: Services, tools: Toolbox, *names: str) -> int:
    return AlignService(services.context, tools).run("gaia", names)


def accept(services: Services, tools: Toolbox, run: int) -> list[str]:
    outcomes = AcceptService(services.context, tools).accept(run)
    return [str(one.status) for one in outcomes]


def redeliver(services: Services, directory: Path, *names: str) -> None:
    """Deliver exposures again, of a newer calibration."""
    paths = []
    for name in names:
        path = write_exposure(directory, name, CAL_VER="9.9.9", DATE="2024-01-01")
        fits.setval(path, "CRVAL2", value=-2.4601, extname="SCI")
        paths.append(path)
    services.ingest.ingest(paths)


def findings(services: Services, kind: FindingKind) -> list[str]:
    with services.context.store.reading() as session:
        return [one.message for one in session.scalars(select(Finding).where(Finding.kind == kind))]


def test_a_product_is_one_of_flavour_skydb_with_its_members(
    field: Services, tools: Toolbox
) -> None:
    (row,) = drizzle(field, tools)
    assert (row["product"], row["version"], row["visit"]) == (MADE, 1, "bxl50")
    assert (row["filter"], row["detector"], row["status"]) == ("F160W", "IR", "succeeded")
    assert row["members"] == list(MEMBERS)
    assert fits.getval(row["path"], "FILENAME") == MADE
    with field.context.store.reading() as session:
        product = session.scalars(select(Product).where(Product.kind == ProductKind.DRZ)).one()
        assert (product.filename, product.flavour) == (MADE, Flavour.SKYDB)
        run = session.get_one(VisitDrizzle, row["run"])
        assert run.product_version is product.latest
        assert {link.role for link in run.used} == {LinkRole.SCIENCE}
        assert [one.rootname for one in run.inputs] == list(MEMBERS)
        assert run.environment is not None
        assert run.tool_version is not None
        assert run.skies == {f"{MEMBERS[0]}[1]": 1.0, f"{MEMBERS[1]}[1]": 1.125}
        assert run.parameters["preset"] == "hap"
        assert run.parameters["astrodrizzle"]["driz_cr"] is True


def test_the_same_recipe_of_the_same_files_is_found_and_not_repeated(
    field: Services, tools: Toolbox
) -> None:
    (first,) = drizzle(field, tools)
    (again,) = drizzle(field, tools)
    assert (again["run"], again["version"], again["reused"]) == (first["run"], 1, True)
    assert tools.ran == ["astrodrizzle"]
    (forced,) = drizzle(field, tools, force=True)
    assert (forced["product"], forced["version"], forced["reused"]) == (MADE, 2, False)
    (other,) = drizzle(field, tools, options={"final_pixfrac": 0.8})
    assert (other["product"], other["version"]) == (MADE, 3)
    Path(other["path"]).unlink()
    (lost,) = drizzle(field, tools, options={"final_pixfrac": 0.8})
    assert not lost["reused"]


def test_files_are_only_read(field: Services, tools: Toolbox, tmp_path: Path) -> None:
    before = checksums((tmp_path / "f").iterdir())
    drizzle(field, tools)
    assert checksums((tmp_path / "f").iterdir()) == before


def test_a_fit_of_it_moves_its_exposures_and_the_next_one_is_made_of_these(
    field: Services, tools: Toolbox
) -> None:
    drizzle(field, tools)
    assert accept(field, tools, align(field, tools)) == ["applied"] * 2
    (anew,) = drizzle(field, tools)
    assert (anew["product"], anew["version"], anew["reused"]) == (MADE, 3, False)
    with field.context.store.reading() as session:
        assert {one.number for one in session.get_one(VisitDrizzle, anew["run"]).inputs} == {2}
        assert [one.version.number for one in choose_products(session)] == [3]


def test_a_product_made_before_an_acceptance_is_not_taken_for_a_new_one(
    field: Services, tools: Toolbox
) -> None:
    drizzle(field, tools)
    accept(field, tools, align(field, tools))
    run = align(field, tools, f"{MADE}@1")
    (said,) = findings(field, FindingKind.STALE_INPUT)
    assert "were aligned after it was made" in said
    assert "`skydb drizzle --visit bxl50`" in said
    with pytest.raises(InputsRefusedError):
        AlignService(field.context, tools).run(
            "gaia", [f"{MADE}@1"], policy=GuardPolicy(strict=True)
        )
    # Were it accepted, it would move what it was made of, not what was aligned since.
    assert accept(field, tools, run) == ["applied"] * 2
    with field.context.store.reading() as session:
        for product in session.scalars(select(Product).where(Product.kind == ProductKind.FLT)):
            assert product.latest.derived_from is product.versions[0]


def test_of_redelivered_exposures_the_new_product_is_fitted_beside_the_old_one_of_the_archive(
    field: Services, tools: Toolbox, tmp_path: Path
) -> None:
    field.ingest.ingest([write_product(tmp_path / "f", CAL_VER="3.7.1", DATE="2023-01-01")])
    redeliver(field, tmp_path / "new", *MEMBERS)
    old = align(field, tools)
    with field.context.store.reading() as session:
        (said,) = [f.message for f in session.get_one(Activity, old).findings
                   if f.kind is FindingKind.STALE_INPUT]  # fmt: skip
        assert "make one with `skydb drizzle --visit bxl50`" in said
    drizzle(field, tools)
    with field.context.store.reading() as session:
        (chosen,) = choose_products(session)
        assert (chosen.version.filename, chosen.version.product.flavour) == (MADE, Flavour.SKYDB)
    assert accept(field, tools, align(field, tools)) == ["applied"] * 2


def test_a_product_does_not_move_what_was_delivered_after_it(
    field: Services, tools: Toolbox, tmp_path: Path
) -> None:
    drizzle(field, tools)
    redeliver(field, tmp_path / "new", MEMBERS[0])
    run = align(field, tools)
    accept(field, tools, run)
    (left,) = findings(field, FindingKind.NOT_MOVED)
    assert "Make the product again with `skydb drizzle --visit bxl50`" in left


@pytest.mark.parametrize("order", list(permutations((MEMBERS, MEMBERS[:1]))))
def test_what_is_made_of_a_part_has_its_own_name_and_is_fitted_after_the_whole(
    services: Services, tools: Toolbox, tmp_path: Path, order: tuple[tuple[str, ...], ...]
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "f", name) for name in MEMBERS])
    made = [drizzle(services, tools, selection=Selection(rootnames=names))[0] for names in order]
    assert [row["product"] for row in made] == [MADE, "ibxl50_ir_f160w-2_drz.fits"]
    assert [row["version"] for row in made] == [1, 1]
    with services.context.store.reading() as session:
        (chosen,) = choose_products(session)
        assert len(chosen.version.product.members) == 2
    again = [drizzle(services, tools, selection=Selection(rootnames=n), force=True)[0]["product"]
             for n in reversed(order)]  # fmt: skip
    assert again == [row["product"] for row in reversed(made)]


def test_a_visit_of_one_exposure_works(services: Services, tools: Toolbox, tmp_path: Path) -> None:
    services.ingest.ingest([write_exposure(tmp_path, MEMBERS[0])])
    (row,) = drizzle(services, tools)
    # HAP subtracts no sky of a single exposure, and rejects no cosmic rays.
    assert (row["status"], row["members"], row["method"]) == ("succeeded", [MEMBERS[0]], "none")


def test_members_that_are_flc_make_a_drc(
    services: Services, tools: Toolbox, tmp_path: Path
) -> None:
    optics = {"DETECTOR": "UVIS", "FILTER": "F606W"}
    services.ingest.ingest(
        [
            write_exposure(tmp_path, name, kind="flc", bunit="ELECTRONS", **optics)
            for name in MEMBERS
        ]
    )
    (row,) = drizzle(services, tools)
    assert row["product"] == "ibxl50_uvis_f606w_drc.fits"


def test_visits_and_filters_are_never_combined_and_one_that_fails_ends_no_other(
    field: Services, tools: Toolbox, tmp_path: Path
) -> None:
    more = [write_exposure(tmp_path / "g", name) for name in OTHERS]
    more.append(write_exposure(tmp_path / "g", "ibxl51icq", FILTER="F105W"))
    field.ingest.ingest(more)
    more[0].unlink()
    rows = drizzle(field, tools)
    told = {(row["visit"], row["filter"]): (row["status"], row["members"]) for row in rows}
    assert told == {
        ("bxl50", "F160W"): ("succeeded", list(MEMBERS)),
        ("bxl51", "F105W"): ("succeeded", ["ibxl51icq"]),
        ("bxl51", "F160W"): ("failed", []),
    }
    (failed,) = [row for row in rows if row["status"] == "failed"]
    assert "ibxl51iaq_flt.fits is gone" in failed["error"]
    with pytest.raises(NotFoundError, match="is gone"):
        drizzle(field, tools, selection=Selection(visits=("bxl51",), filter="F160W"))


def test_a_tool_that_crashes_leaves_a_failed_row_and_no_file(
    field: Services, tools: Toolbox
) -> None:
    tools.crashes.add("astrodrizzle")
    with pytest.raises(ToolError):
        drizzle(field, tools)
    with field.context.store.reading() as session:
        run = session.scalars(select(VisitDrizzle)).one()
        assert (run.status, run.product_version) == (ActivityStatus.FAILED, None)
        assert run.log_path is not None
    assert not (field.context.workspace.root / "versions").exists()


def test_another_sky_than_asked_for_is_flagged(field: Services, tools: Toolbox) -> None:
    tools.becomes = {SkyMethod.MATCH: SkyMethod.LOCALMIN}
    (row,) = drizzle(field, tools, method=SkyMethod.MATCH)
    assert (row["requested_method"], row["method"]) == ("match", "localmin")
    assert any("match was asked for, localmin ran" in said for said in row["findings"])


@pytest.mark.parametrize("name", ["build", "context", "clean"])
def test_how_a_product_is_kept_is_no_option(services: Services, tools: Toolbox, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        drizzle(services, tools, options={name: False})


def test_a_replay_compares_and_keeps_no_version(field: Services, tools: Toolbox) -> None:
    (row,) = drizzle(field, tools)
    replay = ReplayService(field.context, tools).replay(row["run"])
    assert replay.verdict is ReplayVerdict.IDENTICAL
    tools.levels = {MEMBERS[0]: 2.0}
    differs = ReplayService(field.context, tools).replay(row["run"])
    assert differs.verdict is ReplayVerdict.DIFFERENT
    assert [one.subject for one in differs.differences] == [f"{MEMBERS[0]}[1]"]
    with field.context.store.reading() as session:
        runs = [session.get_one(VisitDrizzle, one.replay) for one in (replay, differs)]
        assert [run.replay_of_id for run in runs] == [row["run"]] * 2
        assert [run.product_version for run in runs] == [None, None]
        assert (
            len(session.scalars(select(Product).where(Product.filename == MADE)).one().versions)
            == 1
        )
    assert drizzle(field, tools)[0]["run"] == row["run"]
    Path(row["path"]).unlink()
    with pytest.raises(StateError, match="cannot be repeated"):
        ReplayService(field.context, tools).replay(row["run"])


def test_the_lineage_of_a_product_has_its_exposures(field: Services, tools: Toolbox) -> None:
    drizzle(field, tools)
    graph = field.explain.explain(MADE)
    labels = {node.label for node in graph.nodes.values()}
    assert {f"{MADE}@1", *(f"{name}_flt.fits@1" for name in MEMBERS)} <= labels
    answer = field.plain.sql("SELECT rootname FROM v_run_inputs ORDER BY rootname")
    assert [row[0] for row in answer.rows] == list(MEMBERS)
    answer = field.plain.sql(
        "SELECT kind, status, effective_method FROM v_activities WHERE kind = 'drizzle'"
    )
    assert answer.rows == [("drizzle", "succeeded", "localmin")]
    assert list(field.fsck.check()) == []
