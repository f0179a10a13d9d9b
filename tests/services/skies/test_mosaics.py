"""The mosaics of runs are looked at before they are kept."""

from __future__ import annotations

from pathlib import Path

from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import MEMBERS, Toolbox, write_exposure


def test_one_with_holes_that_have_weight_is_flagged_each_time_it_is_shown(
    services: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    tools.holes = 3
    service = SkyRunService(services.context, tools)
    (row,) = service.run([SkyMethod.LOCALMIN])
    (said,) = (one for one in row["findings"] if "of the mosaic" in one)
    assert said.startswith("3 pixels of the mosaic have a weight and no value, and 0 a weight")
    (again,) = service.run([SkyMethod.LOCALMIN])
    assert again["reused"]
    assert said in again["findings"]


def test_one_without_is_not(services: Services, tools: Toolbox, tmp_path: Path) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    (row,) = SkyRunService(services.context, tools).run([SkyMethod.LOCALMIN])
    assert not [one for one in row["findings"] if "of the mosaic" in one]


def test_one_in_one_file_with_its_weight_is_looked_at_too_and_counted_once(
    services: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    service = SkyRunService(services.context, tools)
    (row,) = service.run([SkyMethod.LOCALMIN], options={"build": True})
    assert (row["status"], row["mosaic"]) == ("succeeded", row["weight"])
    assert not [one for one in row["findings"] if "of the mosaic" in one]
    with services.context.store.reading() as session:
        run = session.get_one(SkyRun, row["run"])
        assert run.mosaic is not None
        assert run.mosaic.size_bytes == Path(row["mosaic"]).stat().st_size
        assert run.pixel_files == (run.mosaic.science_path,)
    tools.holes = 2
    (row,) = service.run([SkyMethod.LOCALMIN], options={"build": True}, force=True)
    assert [one for one in row["findings"] if one.startswith("2 pixels of the mosaic have")]
