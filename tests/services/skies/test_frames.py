"""The guard of frames at work: measured before a run starts, said, recorded, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Finding, SkyRun
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import FindingKind, SkyMethod
from skydb.errors import InputsRefusedError
from skydb.services.core.progress import Quiet
from skydb.services.skies import skyrun
from skydb.services.skies.frames import MeasureFrames, frame_flags, summary_of
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.frame_offsets import FrameOffset
from tests.services.recorded import ingest_exposures
from tests.services.tools import Toolbox

PLAN = FieldPlan(SimDetector.IR, (2, 1), size=192, seed=5, products=False)
FAR = FrameOffset("a", "b", 3.0, -4.0, 390.0, -520.0, 0.02, 31)
NEAR = FrameOffset("b", "c", 0.1, 0.0, 13.0, 0.0, 0.02, 31)
STRICT = GuardPolicy(strict=True, allowed=frozenset({FindingKind.MIXED_ALIGNMENT}))


class Said(Quiet):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def remark(self, sentence: str) -> None:
        self.sentences.append(sentence)


def simulated(tmp_path_factory: pytest.TempPathFactory, plan: FieldPlan) -> Path:
    directory = tmp_path_factory.mktemp("frames")
    simulate_field(directory, plan)
    return directory


@pytest.fixture(scope="module")
def astray(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two visits with pointing errors, in different frames by their headers."""
    return simulated(tmp_path_factory, PLAN)


@pytest.fixture(scope="module")
def accurate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory, replace(PLAN, pointing_error_arcsec=(0, 0.005)))


def run(services: Services, **more: Any) -> tuple[list[dict], list[str]]:
    said = Said()
    context = replace(services.context, progress=said)
    service = SkyRunService(context, Toolbox())
    return service.run([SkyMethod.MATCH], **({"mosaic": False} | more)), said.sentences


def findings_of(services: Services) -> list[tuple[str, str]]:
    with services.context.store.reading() as session:
        kind = FindingKind.MIXED_FRAMES
        found = session.scalars(select(Finding).where(Finding.kind == kind).order_by(Finding.id))
        return [(one.subject, one.message) for one in found]


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to read a file to compare frames."""

    def measured(*_: object) -> list[FrameOffset]:
        pytest.fail("The frames were measured.")

    monkeypatch.setattr(MeasureFrames, "offsets", measured)


def test_neighbours_that_disagree_are_said_and_recorded(
    services_anywhere: Services, astray: Path
) -> None:
    ingest_exposures(services_anywhere, astray)
    rows, said = run(services_anywhere, check_frames=True)
    pairs = [one for one in findings_of(services_anywhere) if "-" in one[0]]
    assert len(pairs) == 1
    assert "pixel apart" in pairs[0][1] and ": ".join(pairs[0]) in rows[0]["findings"]
    assert any(pairs[0][1] in sentence for sentence in said)
    assert any(sentence.startswith("Frames: 3 pairs of neighbours") for sentence in said)


def test_accurate_exposures_are_quiet(services: Services, accurate: Path) -> None:
    ingest_exposures(services, accurate)
    _, said = run(services, check_frames=True)
    assert not [subject for subject, _ in findings_of(services) if "-" in subject]
    assert any("0 more than 0.3 pixel apart" in sentence for sentence in said)


def test_a_strict_check_refuses_with_the_table_of_inputs_before_anything_is_done(
    services: Services, accurate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_exposures(services, accurate)
    monkeypatch.setattr(skyrun, "selected_inputs", _without_flags(skyrun.selected_inputs))
    monkeypatch.setattr(MeasureFrames, "offsets", lambda *_: [FAR])
    with pytest.raises(InputsRefusedError, match="a-b: their sources are 5") as error:
        run(services, check_frames=True, policy=STRICT)
    assert [row["rootname"] for row in error.value.rows] == sorted(
        path.name[:9] for path in accurate.glob("*_flt.fits")
    )
    with services.context.store.reading() as session:
        assert session.scalar(select(SkyRun)) is None


def _without_flags(select_inputs: Any) -> Any:
    return lambda context, selection, *, read_files, policy: replace(
        select_inputs(context, selection, read_files=read_files), flags=()
    )


@pytest.mark.usefixtures("never")
def test_a_guard_that_is_allowed_is_not_measured(services: Services, astray: Path) -> None:
    ingest_exposures(services, astray)
    policy = GuardPolicy(allowed=frozenset({FindingKind.MIXED_FRAMES}))
    run(services, check_frames=True, policy=policy)
    assert findings_of(services) == []


@pytest.mark.usefixtures("never")
def test_files_are_not_read_for_sky_values_alone(services: Services, astray: Path) -> None:
    ingest_exposures(services, astray)
    run(services)


def test_before_a_mosaic_of_several_frames_neighbours_are_compared(
    services: Services, astray: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_exposures(services, astray)
    monkeypatch.setattr(MeasureFrames, "offsets", lambda *_: [FAR, NEAR])
    rows, _ = run(services, mosaic=True)
    assert any("5.00 pixel apart" in message for message in rows[0]["findings"])
    assert not any("0.10 pixel" in message for message in rows[0]["findings"])


def test_a_run_that_is_found_is_not_measured_again_but_still_flagged(
    services: Services, astray: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_exposures(services, astray)
    monkeypatch.setattr(MeasureFrames, "offsets", lambda *_: [FAR])
    run(services, mosaic=True)
    monkeypatch.setattr(MeasureFrames, "offsets", lambda *_: pytest.fail("Measured again."))
    rows, _ = run(services, mosaic=True)
    assert rows[0]["reused"] and any("5.00 pixel" in text for text in rows[0]["findings"])


def test_a_flag_has_pixels_and_mas_and_the_number_of_matches() -> None:
    (flag,) = frame_flags([FAR, NEAR])
    assert (flag.guard, flag.subject) == (FindingKind.MIXED_FRAMES, "a-b")
    assert flag.message == (
        "their sources are 5.00 pixel apart: b lies dx +3.00, dy -4.00 pixel (+390 mas east, "
        "-520 mas north) from a (31 matches, sigma 0.02 pixel)."
    )


def test_a_small_sigma_is_not_shown_as_none() -> None:
    (flag,) = frame_flags([replace(FAR, sigma_pix=0.00384)])
    assert flag.message.endswith("(31 matches, sigma 0.0038 pixel).")


def test_the_summary_says_when_nothing_could_be_compared() -> None:
    assert "no two exposures" in summary_of([])
    assert "2 pairs" in summary_of([FAR, NEAR]) and "(a-b)" in summary_of([FAR, NEAR])
