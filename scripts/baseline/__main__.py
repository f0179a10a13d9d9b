"""Writes ``migrations/versions/0001_baseline.py``: see scripts/make-baseline."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from scripts.baseline.tables import migration
from skydb.domain import Base

REPOSITORY = Path(__file__).resolve().parents[2]
REVISION = "0001_baseline"
SEEDED = ("bad_deliveries", "passbands")


def main() -> None:
    """Write the migration, and leave it as ruff would have it; the ledger too, when asked to."""
    parser = argparse.ArgumentParser(prog="scripts/make-baseline")
    parser.add_argument("--fixture", action="store_true", help="a ledger of that revision too")
    asked = parser.parse_args()
    path = REPOSITORY / "migrations" / "versions" / f"{REVISION}.py"
    path.write_text(migration(Base.metadata, REVISION, SEEDED), encoding="utf-8")
    for task in (["check", "--fix"], ["format"]):
        command = [sys.executable, "-m", "ruff", *task, "--quiet", str(path)]
        subprocess.run(command, check=True, cwd=REPOSITORY)
    print(f"Wrote {path.relative_to(REPOSITORY)}.")
    if asked.fixture:
        _write_fixture()


def _write_fixture() -> None:
    from scripts.baseline.fixture import ledger_as_sql

    path = REPOSITORY / "tests" / "store" / "revisions" / f"{REVISION}.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(ledger_as_sql(), encoding="utf-8")
    print(f"Wrote {path.relative_to(REPOSITORY)}.")


if __name__ == "__main__":
    main()
