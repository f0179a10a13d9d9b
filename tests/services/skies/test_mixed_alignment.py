"""A field of which a part was redelivered after it was aligned, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import InputsRefusedError
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import MEMBERS, Toolbox, write_exposure


def test_aligned_and_redelivered_exposures_are_refused_unless_that_is_allowed(
    services_anywhere: Services,
    tools: Toolbox,
    visit: list[Path],
    catalog_file: Path,
    tmp_path: Path,
) -> None:
    services = services_anywhere
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    fits = AlignService(services.context, tools).run("gaia")
    AcceptService(services.context, tools).accept(fits)
    anew = write_exposure(tmp_path / "anew", MEMBERS[0], CAL_VER="3.9.9 (Jan-01-2025)")
    services.ingest.ingest([anew])
    runs = SkyRunService(services.context, tools)
    with pytest.raises(InputsRefusedError, match=f"mixed-alignment.*{MEMBERS[0]}") as refused:
        runs.run([SkyMethod.LOCALMIN], mosaic=False)
    alignments = {row["rootname"]: row["alignment"] for row in refused.value.rows}
    assert alignments[MEMBERS[0]] == "archive"
    assert alignments[MEMBERS[1]].startswith("solution:")
    with services.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SkyRun)) == 0
    policy = GuardPolicy.of(allow=["mixed-alignment", "mixed-frames"])
    (row,) = runs.run([SkyMethod.LOCALMIN], mosaic=False, policy=policy)
    with services.context.store.reading() as session:
        allowed = session.get_one(SkyRun, row["run"]).parameters["allowed"]
    assert allowed == ["mixed-alignment", "mixed-frames"]
