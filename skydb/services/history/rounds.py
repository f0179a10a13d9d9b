"""Rounds of runs: the methods that were tried on the same exposures, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from skydb.domain.fingerprint import fingerprint
from skydb.services.history.packing import FoundSky

#: Longest pause within a round, which may pass midnight.
_LONGEST_PAUSE = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

Round = list[FoundSky]


def rounds_of(found: Iterable[FoundSky]) -> list[Round]:
    """Rounds of runs, each in the order of time.

    The runs of a round were logged in one directory, with equal inputs and parameters. A
    method that comes again begins another round, and so does another date.
    """
    rounds: list[Round] = []
    latest: dict[str, Round] = {}
    for one in in_order(found):
        current = latest.get(one.signature)
        if current is None or not _belongs(one, current):
            current = latest[one.signature] = []
            rounds.append(current)
        current.append(one)
    return rounds


def in_order(found: Iterable[FoundSky]) -> list[FoundSky]:
    """Runs in the order of time; those without a time stay where their log has them."""
    ordered: list[tuple[datetime, str, int, FoundSky]] = []
    latest: dict[str, datetime] = {}
    for one in found:
        log = str(one.path)
        latest[log] = one.started_at or latest.get(log, _NEVER)
        ordered.append((latest[log], log, one.first_line or 0, one))
    return [one for *_, one in sorted(ordered, key=lambda place: place[:3])]


def round_fingerprint(round_: Sequence[FoundSky]) -> str:
    """Identity of a round: that of the run that began it."""
    return fingerprint({"imported": round_[0].identity})


def _belongs(found: FoundSky, round_: Round) -> bool:
    done = {one.method for one in round_ if not one.has_failed}
    if not found.has_failed and found.method is not None and found.method in done:
        return False
    before = round_[-1].finished_at or round_[-1].started_at
    if found.started_at is None or before is None:
        return True
    pause = found.started_at - before
    return found.started_at.date() == before.date() or pause <= _LONGEST_PAUSE
