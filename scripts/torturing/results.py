"""Results on disk, so that a round that takes hours can be broken off and gone on with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]
#: What is killed.
_CODE = ("skydb", "migrations")


def code_fingerprint(root: Path = _REPOSITORY) -> str:
    """Tell one state of skydb from another: SHA-256 of all that it consists of."""
    digest = hashlib.sha256()
    for place in _CODE:
        for path in sorted((root / place).rglob("*")):
            if path.suffix in (".py", ".sql", ".csv"):
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass
class Results:
    """One line of JSON for each kill; what other code, or another ending, has left is not used.

    Parameters
    ----------
    path : Path or None
        The file, which need not exist; without one nothing is kept.
    key : mapping of str to str
        What must be the same of a kill for it to count: the code and the signal.
    """

    path: Path | None
    key: dict[str, str]

    def known(self, trade: str, database: str) -> list[dict[str, Any]]:
        """Kills of a command on a database that stand in the file: steps, point and wrong."""
        wanted = {**self.key, "trade": trade, "database": database}
        if self.path is None or not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        kills = [json.loads(line) for line in lines if line.endswith("}")]
        return [kill for kill in kills if wanted.items() <= kill.items()]

    def add(self, trade: str, database: str, **kill: object) -> None:
        """Write a kill to the end of the file."""
        if self.path is None:
            return
        line = json.dumps({**self.key, "trade": trade, "database": database, **kill})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
