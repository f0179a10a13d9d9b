"""Environments that have passed, remembered for this user across all ledgers.

Only a pass is kept: a failure is worth asking again after every repair.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from skydb.domain.fingerprint import fingerprint


def default_directory() -> Path:
    """The user's cache directory, by the rules of the operating system."""
    from platformdirs import user_cache_path

    return user_cache_path("skydb") / "selftest"


@dataclass(frozen=True)
class PassedEnvironments:
    """One small file for each environment that has passed.

    Parameters
    ----------
    directory : Path
        Where; made when the first environment has passed.
    """

    # Looked up late, so that the rules can be other ones in a test.
    directory: Path = field(default_factory=lambda: default_directory())

    def recall(self, environment: str) -> datetime | None:
        """Look up when an environment with a fingerprint has passed; None if it has not."""
        try:
            document = json.loads(self._path(environment).read_text(encoding="utf-8"))
            passed_at = datetime.fromisoformat(document["passed_at"])
        except (OSError, ValueError, KeyError, TypeError):
            # Nothing there, or nothing that can be read: then it is asked again.
            return None
        return passed_at if passed_at.tzinfo else None

    def remember(self, environment: str, when: datetime) -> None:
        """Keep that an environment has passed; a cache that cannot be written is no failure."""
        document = {"environment": environment, "passed_at": when.isoformat()}
        path = self._path(environment)
        partial = path.with_suffix(f".{os.getpid()}.part")
        # Without a cache every new ledger asks for itself, which costs time and nothing else.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(document) + "\n", encoding="utf-8")
            partial.replace(path)

    def forget(self, environment: str) -> None:
        """Drop what was known of an environment."""
        with suppress(OSError):
            self._path(environment).unlink(missing_ok=True)

    def _path(self, environment: str) -> Path:
        # Directories of PYTHONPATH can change the packages without changing their versions.
        place = {"prefix": sys.prefix, "path": os.environ.get("PYTHONPATH", "")}
        return self.directory / f"{fingerprint({'environment': environment, **place})}.json"
