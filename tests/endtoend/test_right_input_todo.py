"""One exposure of a field is delivered anew: what `todo` says is done, with real tools."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from skydb.simulate.archive import LoopbackArchive
from tests.commands import LedgerDirectory, Spoken
from tests.endtoend.lookalikes import in_visit
from tests.endtoend.mixed import (
    ALIGNED_MAS,
    contents,
    errors_mas,
    mixed_field,
    redelivered,
)

pytestmark = pytest.mark.slow

__all__ = ["mixed_field"]

ALIGNMENT = ("align", "fetch", "refcat")
ROUNDS = 6


def due(ledger: LedgerDirectory) -> list[dict[str, Any]]:
    """What is due, but for skies and the self-test."""
    rows: list[dict[str, Any]] = ledger.json("todo")
    return [row for row in rows if shlex.split(str(row["command"]))[1] in ALIGNMENT]


def outdated(ledger: LedgerDirectory) -> list[str]:
    """Exposures that were aligned and are not any more."""
    query = "SELECT rootname FROM v_todo WHERE rule = 'alignment-outdated'"
    return [row["rootname"] for row in ledger.json("sql", query)]


def followed(ledger: LedgerDirectory) -> list[tuple[str, Spoken]]:
    """Every command that `todo` names, as it is printed, until nothing new is said."""
    said: list[tuple[str, Spoken]] = []
    before: list[str] = []
    for _ in range(ROUNDS):
        commands = [str(row["command"]) for row in due(ledger)]
        if commands == before:
            break
        assert len(commands) == len(set(commands))
        for command in commands:
            said.append((command, ledger(*shlex.split(command)[1:])))
        before = commands
    return said


def newest(ledger: LedgerDirectory) -> list[dict[str, Any]]:
    """Pipeline files that stand for their exposures."""
    rows = ledger.json("sky", "run", "--explain-inputs")
    used = {(row["rootname"], row["version"]) for row in rows}
    assert {row["flavour"] for row in rows} == {"pipeline"}
    found = contents(ledger, "p.flavour = 'pipeline'")
    return [row for row in found if (row["rootname"], row["number"]) in used]


@pytest.fixture
def archive_of(monkeypatch: pytest.MonkeyPatch):
    """Serves a directory as MAST does, on loopback."""
    servers = []

    def serve(directory: Path) -> LoopbackArchive:
        server = LoopbackArchive(directory)
        server.__enter__()
        servers.append(server)
        monkeypatch.setenv("SKYDB_MAST_URL", server.url)
        monkeypatch.delenv("MAST_API_TOKEN", raising=False)
        return server

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def test_the_old_fit_leaves_the_new_delivery_alone_and_the_rule_stands(mixed_field, tmp_path):
    chain = mixed_field("IR")
    ledger = chain.ledger.copied_to(tmp_path / "ledger")
    anew, other = in_visit(chain.field, "50")
    redelivered(chain, tmp_path / "again", [anew])
    ledger.json("ingest", tmp_path / "again" / f"{anew}_flt.fits")
    assert outdated(ledger) == [anew]
    (command,) = [row["command"] for row in due(ledger) if "alignment-outdated" in row["rule"]]
    assert command.startswith("skydb fetch --obs-id ibxl50030")

    # What was done before this round: fit the old product again, and accept that.
    fitted = ledger("align", "run", "--refcat", "gaia", "ibxl50030_drz.fits", "--json")
    run = fitted.document[0]["run"]
    accepted = ledger("align", "accept", run, "--json")
    assert accepted.code == 5, accepted.err
    left = {row["rootname"]: row for row in accepted.document}
    assert left[anew]["version"] is None
    assert "Fetch or make the product anew" in left[anew]["reason"]
    assert left[other]["status"] == "applied"
    assert outdated(ledger) == [anew]
    used = {row["rootname"]: row for row in newest(ledger)}
    assert used[anew]["derived_from_id"] is None
    assert used[anew]["delivery"] == 2
    assert errors_mas(ledger, chain.truth, [used[other]])[other] <= ALIGNED_MAS
    refused = ledger("sky", "run", "--engine", "skydb", "--no-mosaic")
    assert refused.code == 1
    assert "mixed-alignment" in refused.err


def test_doing_what_todo_says_ends_with_the_newest_pixels_aligned(
    mixed_field, tmp_path, archive_of
):
    chain = mixed_field("IR")
    ledger = chain.ledger.copied_to(tmp_path / "ledger")
    anew = in_visit(chain.field, "50")
    truth = redelivered(chain, tmp_path / "again", anew)
    ledger.json("ingest", tmp_path / "again" / f"{anew[0]}_flt.fits")
    archive_of(tmp_path / "again")
    said = followed(ledger)
    told = [(command, answer.code, answer.err) for command, answer in said]
    # Of the other visit the archive has nothing newer: that rule stands and says so.
    left = in_visit(chain.field, "51")
    for row in due(ledger):
        assert row["rule"] == "idctab-superseded", told
        assert set(row["exposure"].split(", ")) == set(left), told
    assert said[0][0].split()[1] == "fetch", told
    used = newest(ledger)
    errors = errors_mas(ledger, truth, [row for row in used if row["rootname"] in anew])
    assert errors.keys() == set(anew)
    assert max(errors.values()) <= ALIGNED_MAS
    new_software = {
        row["cal_ver"] for row in contents(ledger, "pv.delivery = 2 AND p.flavour = 'pipeline'")
    }
    assert {row["cal_ver"] for row in used if row["rootname"] in anew} == new_software
    assert ledger("sky", "run", "--engine", "skydb", "--no-mosaic", "--strict").code in (0, 1)
