from __future__ import annotations

import pytest

from skydb.domain import Environment, Mosaic, SkyValue
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import ActivityStatus, Engine, FindingKind, SkyMethod, SkyUnit
from skydb.errors import StateError
from tests.domain.entities import sky_run, version_of

NAMES = ("ibxl50iaq", "ibxl50ibq")


def inputs() -> dict[str, object]:
    return {name: version_of(f"{name}_flt.fits") for name in NAMES}


def level(
    name: str, value: float | None, unit: SkyUnit | None = SkyUnit.ELECTRON_PER_S
) -> SkyLevel:
    return SkyLevel(name, 1, value, unit)


def test_a_run_records_a_value_of_every_chip() -> None:
    run = sky_run()
    run.finish([level(NAMES[0], 0.0), level(NAMES[1], 0.25)], inputs(), SkyMethod.MATCH)
    assert run.status is ActivityStatus.SUCCEEDED
    assert {v.exposure.rootname: v.mdrizsky for v in run.values} == {NAMES[0]: 0.0, NAMES[1]: 0.25}
    assert (run.effective_method, run.downgraded, run.findings) == (SkyMethod.MATCH, False, [])


def test_another_method_than_the_one_asked_for_is_a_downgrade_and_a_finding() -> None:
    run = sky_run(SkyMethod.MATCH)
    levels = [level(name, 1.0) for name in NAMES]
    run.finish(levels, inputs(), SkyMethod.LOCALMIN, "AttributeError: iter_polygons_flat")
    assert (run.requested_method, run.effective_method) == (SkyMethod.MATCH, SkyMethod.LOCALMIN)
    assert run.downgraded is True
    (finding,) = run.findings
    assert finding.kind is FindingKind.DOWNGRADED
    assert finding.message == (
        "match was asked for, localmin ran. AttributeError: iter_polygons_flat"
    )


def test_an_exposure_that_matched_nothing_has_a_value_of_none() -> None:
    run = sky_run()
    run.finish([level(NAMES[0], 0.5), level(NAMES[1], None)], inputs(), SkyMethod.MATCH)
    assert [value.mdrizsky for value in run.values] == [0.5, None]


def test_a_run_that_forgot_an_exposure_cannot_end_well() -> None:
    run = sky_run()
    with pytest.raises(StateError, match="no sky value for ibxl50ibq"):
        run.finish([level(NAMES[0], 0.5)], inputs(), SkyMethod.MATCH)
    assert (run.status, run.values) == (ActivityStatus.RUNNING, [])


def test_a_value_of_an_exposure_that_was_not_given_is_refused() -> None:
    run = sky_run()
    with pytest.raises(StateError, match="ibxl99zzq is not one of its inputs"):
        run.finish([level("ibxl99zzq", 0.5)], inputs(), SkyMethod.MATCH)
    assert run.status is ActivityStatus.RUNNING


def test_a_run_ends_only_once() -> None:
    run = sky_run()
    levels = [level(name, 1.0) for name in NAMES]
    run.finish(levels, inputs(), SkyMethod.MATCH)
    with pytest.raises(StateError, match="cannot succeed"):
        run.finish(levels, inputs(), SkyMethod.LOCALMIN)
    assert run.effective_method is SkyMethod.MATCH


def test_a_value_without_a_unit_is_a_finding() -> None:
    run = sky_run()
    levels = [level(NAMES[0], 1.0), level(NAMES[1], 2.0, None)]
    run.finish(levels, inputs(), SkyMethod.MATCH)
    (finding,) = run.findings
    assert (finding.kind, finding.subject) == (FindingKind.UNIT_UNKNOWN, NAMES[1])


def test_only_a_single_exposure_has_a_sky_value() -> None:
    with pytest.raises(StateError, match=r"ibxl50030_drz\.fits is not a single exposure"):
        SkyValue(version_of("ibxl50030_drz.fits"), level("ibxl50030", 1.0))


def test_a_run_keeps_the_images_that_it_made() -> None:
    run = sky_run()
    mosaic = Mosaic(
        "runs/1/a_drz_sci.fits",
        "runs/1/a_drz_wht.fits",
        science_sha256="a" * 64,
        weight_sha256="b" * 64,
        naxis_pix=(120, 80),
        size_bytes=5760,
    )
    run.keep_mosaic(mosaic)
    assert run.mosaic is mosaic and mosaic.run is run
    assert (mosaic.naxis1_pix, mosaic.naxis2_pix) == (120, 80)


def test_a_run_is_of_the_method_that_ran_else_of_the_one_asked_for() -> None:
    run = sky_run(SkyMethod.MATCH)
    assert run.method is SkyMethod.MATCH
    run.effective_method = SkyMethod.LOCALMIN
    assert run.method is SkyMethod.LOCALMIN
    run.requested_method = run.effective_method = None
    with pytest.raises(StateError, match="The sky method of run"):
        _ = run.method


def test_a_run_that_moved_to_another_environment_is_by_its_drizzlepac() -> None:
    run = sky_run()
    assert run.tool_version is None
    environment = Environment("3.11.7", "linux", {"drizzlepac": "3.9.1"})
    run.moved_to(environment)
    assert run.environment is environment
    assert run.tool_version == "drizzlepac 3.9.1"
    run.engine = Engine.SKYDB
    run.moved_to(environment)
    assert run.tool_version == f"skydb {run.skydb_version}"
