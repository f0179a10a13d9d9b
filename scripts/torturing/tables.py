"""What a campaign prints, as docs/reliability.md has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.torturing.kills import Row
    from scripts.torturing.others import Trial

#: Kinds of what can be wrong, and the column that counts them.
_COLUMNS = {
    "lost": ("lost rows", "not repeatable", "not prepared", "wrong exit code", "traceback"),
    "half": ("half rows", "half file", "files not made"),
    "twice": ("twice rows",),
    "running": ("still running", "worker left"),
    "litter": ("litter", "fsck not silent", "fsck failed"),
    "user's files": ("user file changed", "files mixed"),
}


def kill_table(rows: Sequence[Row]) -> str:
    """A line for each command and database, and one with the sums."""
    lines = [
        _line(["command", "database", "steps", "kills", *_COLUMNS]),
        _line(["---"] * (4 + len(_COLUMNS))),
    ]
    for row in rows:
        counts = [sum(row.wrong[kind] for kind in kinds) for kinds in _COLUMNS.values()]
        lines.append(_line([row.trade, row.database, row.steps, row.kills, *counts]))
    sums = [sum(sum(row.wrong[k] for k in kinds) for row in rows) for kinds in _COLUMNS.values()]
    lines.append(_line(["all", "", "", sum(row.kills for row in rows), *sums]))
    return "\n".join(lines) + "\n"


def other_table(trials: Iterable[Trial]) -> str:
    """A line for each other trial."""
    lines = [_line(["trial", "database", "seen", "wrong"]), _line(["---"] * 4)]
    lines += [
        _line([trial.name, trial.database, trial.seen, "; ".join(trial.wrong) or "nothing"])
        for trial in trials
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
