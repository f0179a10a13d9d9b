"""Options, presets and given skies of runs: what is recorded is what ran, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.vocabulary import Engine, FindingKind, SkyMethod
from skydb.drizzle.optionfiles import RECORD
from skydb.drizzle.presets import ObservingMode
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
from skydb.drizzle.userskies import user_skies_of
from skydb.errors import FileRejectedError, NotFoundError, UsageError
from skydb.services.alignment.align import AlignService
from skydb.services.core.context import Context
from skydb.services.intake import Selection
from skydb.services.skies.engines.astrodrizzle import AstroDrizzleEngine
from skydb.services.skies.engines.choice import EngineRequest, engine_for
from skydb.services.skies.engines.onepass import OnePassEngine
from skydb.services.skies.skyrun import SkyRunService
from skydb.services.skies.wishes import Wishes
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from tests.drizzle.option_files import write_for, write_grid
from tests.drizzle.option_values import another_value, every_option
from tests.drizzle.test_options import _partners
from tests.services.tools import MEMBERS, Toolbox, write_exposure

IR = ObservingMode("WFC3", "IR", 4)
SKIES = {name: 1.5 + place for place, name in enumerate(MEMBERS)}


@pytest.fixture
def field(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two exposures whose headers tell a sky, in a ledger; the user is beside them."""
    files = [write_exposure(tmp_path / "field", name) for name in MEMBERS]
    for path, sky in zip(files, SKIES.values(), strict=True):
        fits.setval(path, "MYSKY", value=sky, extname="SCI")
        fits.setval(path, "MDRIZSKY", value=sky + 10, extname="SCI")
    services.ingest.ingest(files)
    monkeypatch.chdir(tmp_path)
    lines = [f"field/{name}_flt.fits {sky}" for name, sky in SKIES.items()]
    Path("sky.txt").write_text("\n".join(lines) + "\n")
    return files


def run(services: Services, tools: Toolbox, options: Mapping[str, object], **more: Any) -> dict:
    service = SkyRunService(services.context, tools, jobs=2)
    (row,) = service.run([SkyMethod.LOCALMIN], options=options, **more)
    return row


def parameters(services: Services, run_id: int) -> dict[str, Any]:
    with services.context.store.reading() as session:
        return dict(session.get_one(SkyRun, run_id).parameters)


def skies(services: Services, run_id: int) -> dict[str, float | None]:
    with services.context.store.reading() as session:
        values = session.get_one(SkyRun, run_id).values
        return {value.exposure.rootname: value.mdrizsky for value in values}


def occurrences(document: object, name: str) -> Iterator[object]:
    """Values of a key anywhere in a document."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key == name:
                yield value
            if key == RECORD:
                continue
            yield from occurrences(value, name)


@pytest.mark.parametrize("name", sorted(every_option()))
def test_the_engine_skydb_follows_an_option_or_leaves_it_to_astrodrizzle_openly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = cast("Context", None)  # an engine is made without a look at the ledger
    monkeypatch.chdir(tmp_path)
    write_for(name, tmp_path / "MYKEY")
    options = {name: another_value(every_option()[name]), **_partners(name)}
    if name == "skyuser":
        options["skysub"] = False
    settings = Wishes(options=options).for_mode(IR)
    request = EngineRequest(Engine.SKYDB, mosaic=True, settings=settings, jobs=1)
    engine, remarks = engine_for(nowhere, DrizzlepacRunner(), request)
    recorded = set(map(str, occurrences(dict(engine.settings), name)))
    assert recorded == {str(settings.as_parameters()[name])}
    if isinstance(engine, AstroDrizzleEngine):
        ((kind, message),) = remarks
        assert kind is FindingKind.DOWNGRADED and name in message
        return
    assert isinstance(engine, OnePassEngine) and not remarks
    usual = OnePassEngine(nowhere, Wishes().for_mode(IR))
    assert engine.settings != usual.settings
    assert engine.drizzle.tool_parameters()[name] is not None


def test_flags_are_those_of_the_detector_and_north_is_up(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    told = parameters(services, run(services, tools, {})["run"])["astrodrizzle"]
    assert (told["sky_bits"], told["final_bits"], told["final_rot"]) == ("16", "528", 0.0)
    told = parameters(services, run(services, tools, {"sky_bits": "64"})["run"])
    assert list(occurrences(told, "sky_bits")) == ["64"]


def test_a_preset_gives_way_to_what_is_named_and_is_kept_by_name(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    row = run(services, tools, {"final_bits": "64"}, preset="tutorial")
    told = parameters(services, row["run"])
    assert told["preset"] == "tutorial"
    drizzled = told["astrodrizzle"]
    assert (drizzled["final_rot"], drizzled["final_bits"], drizzled["sky_bits"]) == (257, "64", "0")
    same = {"final_rot": 257, "final_bits": 64, "sky_bits": 0}
    assert run(services, tools, same)["reused"]


def test_hap_chooses_by_the_number_of_exposures(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    told = parameters(services, run(services, tools, {}, preset="hap")["run"])["astrodrizzle"]
    assert told["driz_cr"] is True and told["combine_type"] == "minmed"
    assert Wishes(preset=services.presets.find("hap")).for_mode(IR).extra["combine_type"] == (
        "median"
    )


def test_a_ledger_keeps_presets_of_its_own(
    services_anywhere: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = services_anywhere.presets
    monkeypatch.chdir(tmp_path)
    write_grid(Path("ref.fits"), in_extension=True)
    rows = presets.set("deep", {"final_pixfrac": "0.8", "final_refimage": "ref.fits[1]"})
    assert {row["name"]: row["value"] for row in rows} == {
        "final_pixfrac": 0.8,
        "final_refimage": f"{tmp_path.resolve()}/ref.fits[1]",
    }
    presets.set("deep", {"final_kernel": "gaussian"})
    (row,) = presets.show("deep")
    assert (row["name"], row["tool"]) == ("final_kernel", "AstroDrizzle")
    presets.require_for("deep", "AstroDrizzle")
    with pytest.raises(UsageError, match="deep has options of AstroDrizzle and none of TweakReg"):
        presets.require_for("deep", "TweakReg")
    assert [row["name"] for row in presets.listed()] == ["tutorial", "hap", "deep"]
    presets.remove("deep")
    with pytest.raises(NotFoundError, match="no preset deep"):
        presets.show("deep")
    with pytest.raises(UsageError, match="preset of every ledger"):
        presets.set("hap", {"final_pixfrac": 1})
    with pytest.raises(UsageError, match="has no option"):
        presets.set("wrong", {"bogus": 1})


@pytest.mark.parametrize(
    ("options", "method", "expected", "subtracted"),
    [
        ({"skysub": "no"}, "none", dict.fromkeys(SKIES, 0.0), False),
        ({"skysub": False, "skyuser": "MYSKY"}, "user", SKIES, False),
        (
            {"skysub": "0", "skyuser": "MDRIZSKY"},
            "user",
            {name: sky + 10 for name, sky in SKIES.items()},
            True,
        ),
        ({"skysub": False, "skyuser": "@sky.txt"}, "user", SKIES, True),
        ({"skyfile": "sky.txt"}, "user", SKIES, True),
    ],
    ids=["none", "keyword", "mdrizsky", "skyuser-file", "skyfile"],
)
@pytest.mark.parametrize("mosaic", [True, False])
def test_skies_that_are_given_are_recorded_with_their_source(
    services: Services, tools: Toolbox, field: list[Path],
    options: dict[str, object], method: str, expected: dict[str, float], subtracted: bool,
    mosaic: bool,
) -> None:  # fmt: skip
    row = run(services, tools, options, mosaic=mosaic)
    assert (row["status"], row["requested_method"], row["effective_method"]) == (
        "succeeded", method, method,
    )  # fmt: skip
    assert not row["downgraded"] and not row["findings"]
    assert skies(services, row["run"]) == pytest.approx(expected)
    source = parameters(services, row["run"])["sky_source"]
    assert (source["method"], source["subtracted"]) == (method, subtracted)
    assert run(services, tools, options, mosaic=mosaic)["reused"]


@pytest.mark.parametrize(
    "options", [{"skyfile": "sky.txt"}, {"skysub": False, "skyuser": "@sky.txt"}]
)
def test_given_skies_of_exposures_that_can_be_measured_have_no_sigma(
    services: Services, tools: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
) -> None:  # fmt: skip
    plan = FieldPlan(tiles=(1, 1), size=64, stars=0, products=False)
    simulate_field(tmp_path / "field", plan)
    files = sorted((tmp_path / "field").glob("*_flt.fits"))
    services.ingest.ingest(files)
    monkeypatch.chdir(tmp_path)
    Path("sky.txt").write_text("".join(f"{path.name} 0.5\n" for path in files))
    row = run(services, tools, options)
    assert (row["status"], row["effective_method"]) == ("succeeded", "user")
    assert {value["mdrizsky_sigma"] for value in row["values"]} == {None}


def test_all_methods_with_given_skies_are_one_run(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    service = SkyRunService(services.context, tools)
    rows = service.run(list(SkyMethod)[:4], options={"skysub": False})
    assert [row["effective_method"] for row in rows] == ["none"]
    with pytest.raises(UsageError, match="No method computes user"):
        service.run([SkyMethod.USER])


def test_another_content_of_a_file_is_another_run(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    first = run(services, tools, {"skyfile": "sky.txt"})
    Path("sky.txt").write_text(Path("sky.txt").read_text().replace("1.5", "1.25"))
    second = run(services, tools, {"skyfile": "sky.txt"})
    assert second["run"] != first["run"]
    kept = parameters(services, second["run"])["astrodrizzle"]["option_files"]["skyfile"][0]
    assert kept["path"] == str(Path("sky.txt").resolve()) and len(kept["sha256"]) == 64


def test_an_exposure_without_a_given_sky_is_told(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    Path("sky.txt").write_text(f"{MEMBERS[0]}_flt.fits 1.5\n")
    for mosaic in (True, False):
        row = run(services, tools, {"skyfile": "sky.txt"}, mosaic=mosaic)
        assert skies(services, row["run"]) == {MEMBERS[0]: 1.5, MEMBERS[1]: None}
        assert "sky.txt has no sky for" in row["findings"][0]


@pytest.mark.parametrize("option", ["skyfile", "skyuser"])
@pytest.mark.parametrize("mosaic", [True, False])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{MEMBERS[1]}_flt.fits 1 2 3", "line 2: has 3 values"),
        (f"{MEMBERS[1]}_flt.fits 1\nnothing_flt.fits 2", "line 3: names nothing_flt.fits"),
    ],
)
def test_a_line_of_skies_that_would_not_be_used_leaves_no_run(
    services: Services, tools: Toolbox, field: list[Path], option: str, line: str, said: str,
    mosaic: bool,
) -> None:  # fmt: skip
    Path("sky.txt").write_text(f"{MEMBERS[0]}_flt.fits 1.5\n{line}\n")
    given = {"skyfile": {"skyfile": "sky.txt"}, "skyuser": {"skysub": False, "skyuser": "@sky.txt"}}
    with pytest.raises(UsageError, match=said):
        run(services, tools, given[option], mosaic=mosaic)
    with services.context.store.reading() as session:
        assert session.scalars(select(SkyRun)).all() == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("field/nothing_flt.fits None", "line 2: names nothing_flt.fits, which is not a file"),
        (f"{MEMBERS[0]}_flt.fits None", "line 2: .* is there twice .first in line 1"),
    ],
)
def test_a_list_with_an_image_that_nobody_has_is_refused(
    services: Services, tools: Toolbox, field: list[Path], lines: str, said: str
) -> None:
    Path("masks.txt").write_text(f"{MEMBERS[0]}_flt.fits None\n{lines}\n")
    with pytest.raises(UsageError, match=said):
        run(services, tools, {"skymask_cat": "masks.txt"})
    services.refcat.import_file(_catalog(Path("gaia.ecsv")), 2016.0, "gaia")
    settings = TweakRegSettings(extra={"exclusions": "masks.txt"})
    with pytest.raises(UsageError, match=said):
        AlignService(services.context, tools).run("gaia", settings=settings)
    with services.context.store.reading() as session:
        assert session.scalars(select(SkyRun)).all() == []


def _catalog(path: Path) -> Path:
    path.write_text("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, datatype: float64}\n"
                    "# - {name: dec, datatype: float64}\nra dec\n85.25 -2.46\n")  # fmt: skip
    return path


def test_lines_of_other_exposures_of_the_ledger_may_stay(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    row = run(services, tools, {"skyfile": "sky.txt"}, selection=Selection((MEMBERS[0],)))
    assert skies(services, row["run"]) == {MEMBERS[0]: SKIES[MEMBERS[0]]} and not row["findings"]


def test_a_keyword_that_is_not_there_leaves_no_run(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    with pytest.raises(FileRejectedError, match="has no number as NOSKY"):
        run(services, tools, {"skysub": False, "skyuser": "nosky"})
    with services.context.store.reading() as session:
        assert session.scalars(select(SkyRun)).all() == []


@pytest.mark.parametrize("options", [{"skyuser": "MYSKY"}, {"skysub": False, "skyfile": "sky.txt"}])
def test_an_option_that_astrodrizzle_would_pass_over_is_refused(
    services: Services, tools: Toolbox, field: list[Path], options: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match="AstroDrizzle looks at"):
        run(services, tools, options)


def test_a_reference_image_is_a_grid_of_its_own(tmp_path: Path) -> None:
    ref = write_grid(tmp_path / "ref.fits")
    for wishes in (
        Wishes(options={"final_refimage": str(ref)}),
        Wishes(AstroDrizzleSettings(final_rot_deg=257), {"final_refimage": str(ref)}),
    ):
        told = wishes.for_mode(IR).as_parameters()
        assert told["final_refimage"] == "ref.fits" and "final_rot" not in told


def test_settings_without_given_skies_compute_them() -> None:
    assert user_skies_of(AstroDrizzleSettings()) is None
