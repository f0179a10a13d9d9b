"""Parts of a visit are delivered anew: what `todo` says is done, with real tools."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skydb.simulate.archive import LoopbackArchive
from tests.commands import LedgerDirectory, Spoken
from tests.endtoend.lookalikes import exposure_file, in_visit, product_file
from tests.endtoend.mixed import (
    ALIGNED_MAS,
    DATABASES,
    POSTGRESQL,
    SQLITE,
    UNTOUCHED_MAS,
    contents,
    errors_mas,
    ledger_on,
    mixed_field,
    path_of,
    redelivered,
    redelivered_visit,
)

pytestmark = pytest.mark.slow

__all__ = ["ledger_on", "mixed_field", "redelivered_visit"]

#: Parts of a visit that arrive first, by turns on both databases. Every subset is followed
#: with quick tools in tests/services/bookkeeping/test_following_todo.py.
FIRST, SECOND, PRODUCT = "first", "second", "product"
ARRIVALS = [
    (SQLITE, (FIRST,)),
    (POSTGRESQL, (SECOND,)),
    (SQLITE, (PRODUCT,)),
    (POSTGRESQL, (SECOND, PRODUCT)),
]

ALIGNMENT = ("align", "fetch", "refcat")
ROUNDS = 6


def due(ledger: LedgerDirectory) -> list[dict[str, Any]]:
    """Due work without skies and the self-test."""
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


@pytest.mark.parametrize("database", DATABASES)
def test_the_old_fit_leaves_the_new_delivery_alone_and_the_rule_stands(
    mixed_field, redelivered_visit, ledger_on, tmp_path, database
):
    chain = mixed_field("IR")
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    anew, other = in_visit(chain.field, "50")
    ledger.json("ingest", exposure_file(redelivered_visit.field, anew))
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
    assert "Fetch the product again, or make one with" in left[anew]["reason"]
    assert left[other]["status"] == "applied"
    assert outdated(ledger) == [anew]
    used = {row["rootname"]: row for row in newest(ledger)}
    assert used[anew]["derived_from_id"] is None
    assert used[anew]["delivery"] == 2
    assert errors_mas(ledger, chain.truth, [used[other]])[other] <= ALIGNED_MAS
    refused = ledger("sky", "run", "--engine", "skydb", "--no-mosaic")
    assert refused.code == 1
    assert "mixed-alignment" in refused.err


@pytest.mark.parametrize(("database", "arrived"), ARRIVALS, ids=str)
def test_doing_what_todo_says_ends_with_the_newest_pixels_aligned(
    mixed_field, redelivered_visit, ledger_on, tmp_path, archive_of, database, arrived
):
    chain, again = mixed_field("IR"), redelivered_visit
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    anew = in_visit(chain.field, "50")
    files = {
        FIRST: exposure_file(again.field, anew[0]),
        SECOND: exposure_file(again.field, anew[1]),
        PRODUCT: product_file(again.field, "50"),
    }
    ledger.json("ingest", *(files[part] for part in arrived))
    assert due(ledger) != []
    archive_of(again.field)
    told = [(command, answer.code, answer.err) for command, answer in followed(ledger)]
    # Of the other visit the archive has nothing newer: that rule stands and says so.
    left = in_visit(chain.field, "51")
    for row in due(ledger):
        assert row["rule"] == "idctab-superseded", told
        assert set(row["exposure"].split(", ")) == set(left), told
    assert all(code == 0 or "ibxl51030" in command for command, code, _ in told), told

    used = {row["rootname"]: row for row in newest(ledger)}
    errors = errors_mas(ledger, again.truth, [used[name] for name in anew])
    assert max(errors.values()) <= ALIGNED_MAS
    for name in anew:
        assert used[name]["delivery"] == 2
        delivered = fits.getdata(exposure_file(again.field, name), "SCI")
        pixels = fits.getdata(path_of(ledger, used[name]), "SCI")
        np.testing.assert_array_equal(pixels, delivered)
    assert max(errors_mas(ledger, chain.truth, [used[name] for name in left]).values()) <= 5.0
    hap = errors_mas(ledger, chain.truth, contents(ledger, "p.flavour = 'svm'"))
    assert max(hap.values()) <= UNTOUCHED_MAS
    run = ("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "localmin")
    assert ledger(*run, "--strict").code == 0


@pytest.mark.parametrize("database", DATABASES)
def test_as_long_as_the_archive_has_no_new_product_the_rule_stands_and_says_why(
    mixed_field, ledger_on, tmp_path, archive_of, database
):
    chain = mixed_field("IR")
    ledger = ledger_on(database, tmp_path / "ledger", chain.ledger)
    other, anew = in_visit(chain.field, "50")
    truth = redelivered(chain, tmp_path / "again", [anew])
    ledger.json("ingest", tmp_path / "again" / f"{anew}_flt.fits")
    before = contents(ledger)
    archive_of(tmp_path / "again")
    told = [(command, answer.code, answer.err) for command, answer in followed(ledger)]
    assert outdated(ledger) == [anew], told
    (row,) = [row for row in due(ledger) if "alignment-outdated" in row["rule"]]
    assert (
        "no drizzled product of that archive version is recorded: fetch or make it" in row["reason"]
    )
    known = {row["sha256"] for row in before}
    assert {row["sha256"] for row in contents(ledger)} == known, told
    used = {row["rootname"]: row for row in newest(ledger)}
    assert (used[anew]["delivery"], used[anew]["derived_from_id"]) == (2, None)
    assert errors_mas(ledger, truth, [used[anew]])[anew] > 100.0
    assert errors_mas(ledger, chain.truth, [used[other]])[other] <= ALIGNED_MAS
