"""Simulated fields that were taken through the whole program, once for all workers."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from skydb.simulate.truth import FieldTruth
from tests.commands import LedgerDirectory, Spoken, skydb

TELLTALE = "answers.json"


@dataclass(frozen=True)
class Chain:
    """A field, its ledger, and what every command of the chain answered."""

    root: Path
    answers: dict[str, Spoken]

    @property
    def field(self) -> Path:
        return self.root / "field"

    @property
    def ledger(self) -> LedgerDirectory:
        return LedgerDirectory(self.root / "ledger")

    @property
    def truth(self) -> FieldTruth:
        return FieldTruth.load(self.field)

    @property
    def fit(self) -> int:
        """The alignment run."""
        return int(self.answers["align run"].document[0]["run"])


Steps = list[tuple[str, list[object]]]


def checksums(directory: Path) -> dict[str, str]:
    """SHA-256 of every file of a directory."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def simulate(root: Path, *options: object) -> Spoken:
    """Simulate a field, and note what its files contain."""
    spoken = skydb("simulate", root / "field", *options, "--json")
    (root / "checksums.json").write_text(json.dumps(checksums(root / "field")))
    return spoken


def take_in(ledger: LedgerDirectory, field: Path) -> dict[str, Spoken]:
    """Make a ledger, ingest a field and its catalogue."""
    ledger.path.mkdir(exist_ok=True)
    return {
        "init": ledger("init", "--json"),
        "ingest": ledger("ingest", field, "--json"),
        "refcat import": ledger(
            "refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0, "--name", "gaia", "--json"
        ),
    }


def align(ledger: LedgerDirectory) -> dict[str, Spoken]:
    """Fit all products to the catalogue and accept the fits."""
    fitted = ledger("align", "run", "--refcat", "gaia", "--json")
    accepted = ledger("align", "accept", fitted.document[0]["run"], "--json")
    return {"align run": fitted, "align accept": accepted}


Builder = Callable[[Path], dict[str, Spoken]]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Builder], Chain]:
    """Builds a chain that all workers then read: whoever comes first builds, the others wait."""
    base = tmp_path_factory.getbasetemp()
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def build_once(name: str, build: Builder) -> Chain:
        root = home / f"chain-{name}"
        with (home / f"chain-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / TELLTALE).exists():
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir()
                answers = build(root)
                kept = {step: asdict(answer) for step, answer in answers.items()}
                (root / TELLTALE).write_text(json.dumps(kept))
        kept = json.loads((root / TELLTALE).read_text())
        return Chain(root, {step: Spoken(**answer) for step, answer in kept.items()})

    return build_once


@pytest.fixture(scope="session")
def ir_field(shared: Callable[[str, Builder], Chain]) -> Chain:
    """WFC3/IR, four visits of two exposures, through all four sky methods."""

    def build(root: Path) -> dict[str, Spoken]:
        ledger = LedgerDirectory(root / "ledger")
        simulated = simulate(root, "--size", 256, "--tiles", "2x2")
        taken_in = take_in(ledger, root / "field")
        aligned = align(ledger)
        skies = ledger("sky", "run", "--method", "all", "--json")
        return {"simulate": simulated, **taken_in, **aligned, "sky run": skies}

    return shared("ir", build)


@pytest.fixture(scope="session")
def uvis_field(shared: Callable[[str, Builder], Chain]) -> Chain:
    """WFC3/UVIS, two chips that are not square, two visits, through ``match``."""

    def build(root: Path) -> dict[str, Spoken]:
        ledger = LedgerDirectory(root / "ledger")
        simulated = simulate(root, "--detector", "UVIS", "--size", 256, "--tiles", "2x1")
        taken_in = take_in(ledger, root / "field")
        aligned = align(ledger)
        skies = ledger("sky", "run", "--method", "match", "--json")
        return {"simulate": simulated, **taken_in, **aligned, "sky run": skies}

    return shared("uvis", build)


@pytest.fixture(scope="session")
def wfc_field(shared: Callable[[str, Builder], Chain]) -> Chain:
    """ACS/WFC, two chips that are not square, two visits, through all four sky methods."""

    def build(root: Path) -> dict[str, Spoken]:
        ledger = LedgerDirectory(root / "ledger")
        simulated = simulate(root, "--detector", "WFC", "--size", 256, "--tiles", "2x1")
        taken_in = take_in(ledger, root / "field")
        aligned = align(ledger)
        skies = ledger("sky", "run", "--method", "all", "--json")
        own = ledger("sky", "run", "--engine", "skydb", "--json")
        return {"simulate": simulated, **taken_in, **aligned, "sky run": skies, "own": own}

    return shared("wfc", build)


def newest_paths(ledger: LedgerDirectory) -> dict[str, Path]:
    """Paths of the newest versions of every exposure, by rootname."""
    from skydb.api.composition import Services
    from skydb.services.intake.selection import Selection

    services = Services.open(ledger.url)
    try:
        return services.exposure_paths(Selection())
    finally:
        services.close()


def by_chip(rows: list[dict[str, Any]], method: str) -> dict[tuple[str, int], float]:
    """MDRIZSKY of one method, keyed by rootname and extver."""
    return {(row["rootname"], row["extver"]): row[method] for row in rows}
