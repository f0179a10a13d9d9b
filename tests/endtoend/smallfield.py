"""Four small exposures of one visit, and a ledger for them on either database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.commands import Spoken, skydb

__all__ = ["BAD", "NAMES", "RUN", "Ledger", "field", "ledger"]

RUN = ("sky", "run", "--engine", "skydb", "--no-mosaic", "--method", "localmin,match")
NAMES = ("ibxl50clq", "ibxl50cqq", "ibxl50cvq", "ibxl50d0q")
BAD = NAMES[1]


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four exposures of one visit, and so in one frame of the archive."""
    directory = tmp_path_factory.mktemp("guards") / "field"
    plan = FieldPlan(
        *(SimDetector.IR, (1, 1)), 4, size=64, seed=5, products=False, stars=0, nebula=0.0
    )
    simulate_field(directory, plan)
    return directory


class Ledger:
    """A ledger on either database."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home

    def __call__(self, *words: object) -> Spoken:
        return skydb("--db", self.url, "--data", self.home / "data", *words)

    def json(self, *words: object, code: int = 0) -> Any:
        spoken = self(*words, "--json")
        assert spoken.code == code, spoken.err
        return spoken.document

    def findings(self) -> list[tuple[str, str]]:
        return sorted((row["kind"], row["subject"]) for row in self.json("findings"))


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Ledger:
    return Ledger(ledger_url, tmp_path)
