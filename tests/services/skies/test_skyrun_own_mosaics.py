"""The engine ``skydb`` with mosaics: one pass for all methods, and what happens without it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb import interruption
from skydb.api.composition import Services
from skydb.domain import Finding, SkyRun
from skydb.domain.vocabulary import COMPUTED_METHODS, ActivityStatus, Engine, FindingKind, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import Interrupted, ToolCrashedError
from skydb.services.skies.engines.onepass import OnePassEngine
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.services.recorded import ingest_exposures, skies_of
from tests.services.tools import Toolbox, files_below

PLAN = FieldPlan(
    SimDetector.IR, (1, 1), size=64, seed=5, products=False, pointing_error_arcsec=(0.0, 0.0)
)
ALL = COMPUTED_METHODS


@dataclass
class OnePassTools(Toolbox):
    """Makes the mosaics of all methods in milliseconds."""

    requests: list[Mapping[str, Any]] = field(default_factory=list)
    left_out: tuple[str, ...] = ()
    meddles: bool = False

    def run(self, task: str, request: Mapping[str, Any], scratch: Path) -> dict[str, object]:
        if task != "onepass":
            return super().run(task, request, scratch)
        self.ran.append(task)
        self.requests.append(request)
        log = scratch / "onepass.log"
        log.write_text("This is one pass.\n")
        if task in self.crashes:
            raise ToolCrashedError(task, "was killed by SIGKILL", log=log)
        directory = scratch / request["directory"]
        if self.meddles:
            fits.setval((directory / request["exposures"][0]).resolve(), "TARGNAME", value="X")
        made = {}
        for method, output in request["outputs"].items():
            names = {what: f"{output}_drz_{what[:3]}.fits" for what in ("science", "wht")}
            for name in names.values():
                fits.PrimaryHDU(np.ones((8, 10), "f4")).writeto(directory / name)
            made[method] = {"science": names["science"], "weight": names["wht"], "context": None}
            made[method] |= self._own_masks(request, directory, output)
        return {"mosaics": made, "versions": {}, "left_out": list(self.left_out)}

    def _own_masks(
        self, request: Mapping[str, Any], directory: Path, output: str
    ) -> dict[str, object]:
        """Masks of driz_cr, when it is on."""
        if not request["parameters"]["driz_cr"]:
            return {}
        (directory / f"{output}_crmasks.fits").write_text(output)
        same = {"extver": 1, "usable": 1000, "exptime_s": 500.0}
        masks = [
            {"filename": name, "masked": lost + 2, "lost": lost, **same}
            for name in request["exposures"]
            for lost in [self.masked.get(name[:9], 3)]
        ]
        return {"mask_file": f"{output}_crmasks.fits", "masks": masks}


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("onepass")
    simulate_field(directory, PLAN)
    return directory


@pytest.fixture
def own_copy(services: Services, exposures: Path, tmp_path: Path) -> Path:
    """Two exposures in a ledger, as files that a test may spoil."""
    copy = Path(shutil.copytree(exposures, tmp_path / "field"))
    ingest_exposures(services, copy)
    return copy


@pytest.fixture
def tools() -> OnePassTools:
    return OnePassTools()


def run(services: Services, tools: Toolbox, *methods: SkyMethod, **more: Any) -> list[dict]:
    service = SkyRunService(services.context, tools)
    return service.run(methods or ALL, engine=Engine.SKYDB, **more)


def test_one_pass_makes_the_mosaics_of_all_methods(
    services_anywhere: Services, exposures: Path, tools: OnePassTools
) -> None:
    services = services_anywhere
    ingest_exposures(services, exposures)
    rows = run(services, tools)
    assert tools.ran == ["onepass"]
    assert {(row["engine"], row["status"]) for row in rows} == {("skydb", "succeeded")}
    homes = [f"runs/{row['run']}" for row in rows]
    assert files_below(services.context.workspace.root) == sorted(
        f"{home}/{name}"
        for home, method in zip(homes, ALL, strict=True)
        for name in (
            f"f160w_{method.column}_drz_sci.fits",
            f"f160w_{method.column}_drz_wht.fits",
            "onepass.log",
        )
    )
    assert rows[1]["stored_path"] == f"{homes[1]}/f160w_match_drz_sci.fits"
    (request,) = tools.requests
    for method in ALL:
        given = {(name[:9], extver): sky for name, extver, sky in request["skies"][method.value]}
        assert given == skies_of(services, method)


@pytest.mark.parametrize("lost", [3, 41])
def test_masks_of_every_method_are_kept_counted_and_flagged(
    services: Services, own_copy: Path, lost: int
) -> None:
    first, second = sorted(path.name[:9] for path in own_copy.glob("*_flt.fits"))
    tools, settings = (
        OnePassTools(masked={second: lost}),
        AstroDrizzleSettings(reject_cosmic_rays=True),
    )
    rows = run(services, tools, settings=settings)
    assert tools.ran == ["onepass"]
    answer = services.plain.sql("SELECT DISTINCT rootname, cr_masked_pix FROM v_sky_values")
    assert sorted(answer.rows) == [(first, 5), (second, lost + 2)]
    workspace = services.context.workspace
    with services.context.store.reading() as session:
        masks = {one.method: one.masks_path for one in session.scalars(select(SkyRun))}
        flagged = session.scalars(
            select(Finding.subject).where(Finding.kind == FindingKind.OVERMASKED)
        ).all()
    assert flagged == ([second] * 4 if lost == 41 else [])
    for row, method in zip(rows, ALL, strict=True):
        assert masks[method] == f"runs/{row['run']}/crmasks.fits"
        assert workspace.resolve(masks[method]).read_text() == f"f160w_{method.column}"


def test_only_methods_that_were_not_found_are_in_the_pass(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    (match,) = run(services, tools, SkyMethod.MATCH)
    rows = run(services, tools)
    assert [row["reused"] for row in rows] == [False, True, False, False]
    assert rows[1]["run"] == match["run"]
    assert list(tools.requests[1]["outputs"]) == ["localmin", "globalmin+match", "globalmin"]
    services.context.workspace.resolve(match["mosaic"]).unlink()
    (again,) = run(services, tools, SkyMethod.MATCH)
    assert again["run"] != match["run"]


def test_sky_values_alone_are_other_runs_than_those_with_mosaics(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    (alone,) = run(services, tools, SkyMethod.MATCH, mosaic=False)
    (drizzled,) = run(services, tools, SkyMethod.MATCH)
    assert alone["mosaic"] is None and drizzled["mosaic"] is not None
    assert alone["group"] != drizzled["group"]


def test_a_run_with_the_number_of_another_one_leaves_its_files_alone(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    """A ledger that was restored from a backup gives its numbers again."""
    root = services.context.workspace.root
    for number in range(40):
        (root / f"runs/{number}").mkdir(parents=True)
        (root / f"runs/{number}/onepass.log").write_text("of another run")
    (row,) = run(services, tools, SkyMethod.MATCH)
    assert row["status"] == "succeeded"
    assert row["stored_path"].startswith(f"runs/{row['run']}-2/")
    assert (root / f"runs/{row['run']}/onepass.log").read_text() == "of another run"


def test_a_pass_that_crashes_fails_all_methods_with_the_log_and_no_litter(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    tools.crashes = {"onepass"}
    rows = run(services, tools)
    assert {row["status"] for row in rows} == {"failed"}
    assert all("killed by SIGKILL" in row["error"] for row in rows)
    first = f"logs/sky-{rows[0]['run']}"
    assert files_below(services.context.workspace.root) == [f"{first}/onepass.log"]
    with services.context.store.reading() as session:
        assert {one.log_path for one in session.scalars(select(SkyRun))} == {first}
    tools.crashes = set()
    assert {row["status"] for row in run(services, tools)} == {"succeeded"}


@pytest.mark.parametrize("how", ["an error", "a sweep"])
def test_an_interruption_after_the_good_end_leaves_the_mosaic(
    services: Services,
    own_copy: Path,
    tools: OnePassTools,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    def ended(_: object) -> None:
        with services.context.store.reading() as session:
            if ActivityStatus.SUCCEEDED not in session.scalars(select(SkyRun.status)).all():
                return
        if how == "a sweep":
            interruption.sweep("SIGTERM")
        raise Interrupted("SIGTERM")

    monkeypatch.setattr("skydb.services.core.context.refresh_statistics", ended)
    with pytest.raises(Interrupted):
        run(services, tools)
    with services.context.store.reading() as session:
        rows = session.scalars(select(SkyRun)).all()
        ended_well = [one for one in rows if one.status is ActivityStatus.SUCCEEDED]
        assert len(rows) == len(ALL) and len(ended_well) == 1
        assert ended_well[0].mosaic is not None
        kept = {ended_well[0].mosaic.science_path, ended_well[0].log_path}
    below = {one for one in files_below(services.context.workspace.root) if "runs/" in one}
    assert kept <= below
    # And nothing of the others.
    assert len({Path(one).parent for one in below}) == 1


def test_an_input_that_changes_meanwhile_fails_the_runs(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    tools.meddles = True
    rows = run(services, tools)
    assert {row["status"] for row in rows} == {"failed"}
    assert all("ran while its input changed" in row["error"] for row in rows)


def test_exposures_that_are_not_in_the_mosaic_are_findings(
    services: Services, own_copy: Path, tools: OnePassTools
) -> None:
    name = sorted(own_copy.glob("*_flt.fits"))[0].name
    tools.left_out = (name,)
    (row,) = run(services, tools, SkyMethod.LOCALMIN)
    assert row["findings"] == [f"{name}: is not in the mosaic: no exposure time, or no good pixel."]
    with services.context.store.reading() as session:
        (finding,) = session.scalars(select(Finding)).all()
        assert (finding.kind, finding.subject) == (FindingKind.REJECTED_FILE, name)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"final_wht_type": "IVM"}, "depend on the sky"),
        ({"static_sig": "3.0"}, "static masks of 4 sigma"),
    ],
    ids=["weights", "sky"],
)
def test_what_one_pass_cannot_do_astrodrizzle_does_and_a_finding_says_so(
    services: Services, own_copy: Path, tools: OnePassTools, extra: dict, reason: str
) -> None:
    settings = AstroDrizzleSettings(extra=extra)
    rows = run(services, tools, SkyMethod.LOCALMIN, SkyMethod.MATCH, settings=settings)
    assert tools.ran == ["astrodrizzle", "astrodrizzle"]
    for row in rows:
        assert (row["engine"], row["status"]) == ("astrodrizzle", "succeeded")
        (finding,) = row["findings"]
        assert "AstroDrizzle ran" in finding and reason in finding
    found = run(services, tools, SkyMethod.MATCH, settings=settings)
    assert found[0]["reused"] and found[0]["findings"] == rows[1]["findings"]


def test_another_process_can_make_the_mosaics_of_runs_by_their_ids(
    services: Services, own_copy: Path, tools: OnePassTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[int]] = []
    monkeypatch.setattr(OnePassEngine, "execute", lambda _, ids, __: begun.append(ids))
    rows = run(services, tools)
    assert {row["status"] for row in rows} == {"running"}
    monkeypatch.undo()
    OnePassEngine(services.context, runner=tools).execute(*begun)
    assert all(row["reused"] and row["mosaic"] for row in run(services, tools))
