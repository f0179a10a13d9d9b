"""Files that options name are in the lineage of the run that used them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import ReplayVerdict, SkyMethod
from skydb.errors import SkydbError
from skydb.files.checksum import sha256_of
from skydb.services.provenance.graph import Relation, Thing
from skydb.services.provenance.replay import ReplayService
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import MEMBERS, Toolbox, write_exposure


@pytest.mark.parametrize("mosaic", [True, False])
def test_a_file_of_skies_is_an_entity_that_its_run_used(
    services: Services, tools: Toolbox, tmp_path: Path, mosaic: bool
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    skies, runs = tmp_path / "sky.txt", []
    skies.write_text("".join(f"{name}_flt.fits 1.5\n" for name in MEMBERS))
    for more in ({}, {"skystat": "mean"}):
        options = {"skyfile": str(skies), **more} if mosaic else {"skyfile": str(skies)}
        (row,) = SkyRunService(services.context, tools).run(
            [SkyMethod.MATCH], options=options, mosaic=mosaic, force=True
        )
        runs.append(row["run"])
    lineage = services.explain.explain(f"run:{runs[0]}")
    (node,) = [one for one in lineage.nodes.values() if one.kind is Thing.OPTION_FILE]
    assert node.attributes == {"path": str(skies.resolve()), "sha256": sha256_of(skies)}
    edges = [edge for edge in lineage.edges if edge.target == node.id]
    assert [(one.relation, one.source, one.role) for one in edges] == [
        (Relation.USED, f"activity:{runs[0]}", "skyfile")
    ]
    out = tmp_path / "prov.json"
    services.export_prov.export(out)
    document = json.loads(out.read_text())
    (name,) = [key for key in document["entity"] if key.startswith("ledger:option-file/")]
    assert document["entity"][name]["skydb:sha256"] == sha256_of(skies)
    used = [one for one in document["used"].values() if one["prov:entity"] == name]
    assert {one["prov:activity"] for one in used} == {f"ledger:activity/{run}" for run in runs}


@pytest.mark.parametrize("mosaic", [True, False])
def test_a_run_is_not_repeated_with_other_skies_than_it_had(
    services: Services, tools: Toolbox, tmp_path: Path, mosaic: bool
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    skies = tmp_path / "sky.txt"
    text = "".join(f"{name}_flt.fits 1.5\n" for name in MEMBERS)
    skies.write_text(text)
    (row,) = SkyRunService(services.context, tools).run(
        [SkyMethod.MATCH], options={"skyfile": str(skies)}, mosaic=mosaic
    )
    replay = ReplayService(services.context, tools).replay
    skies.write_text(text.replace("1.5", "99"))
    with pytest.raises(SkydbError, match="has changed since skyfile named it"):
        replay(row["run"])
    skies.unlink()
    with pytest.raises(SkydbError, match="is gone, and skyfile named it"):
        replay(row["run"])
    skies.write_text(text)
    assert replay(row["run"]).verdict is ReplayVerdict.IDENTICAL
