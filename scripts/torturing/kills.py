"""Disturbs a command before its n-th step, then ``fsck --repair``, then the command again."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from scripts.torturing.agent import Agent, killed, told
from scripts.torturing.stage import Stage, StageError
from scripts.torturing.trade import Trade
from scripts.torturing.verdict import (
    Facts,
    Judgement,
    facts_of,
    litter_of,
    marks_of,
    problems_in,
    touched,
    unfinished,
)

#: Exit code of a command that goes on until SIGINT.
_INTERRUPTED = 128 + signal.SIGINT
_LITTLE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that happens in the middle of a command, and the exit codes that it may have."""

    happen: Callable[[Stage], None]
    codes: tuple[int, ...]


def signalled(number: signal.Signals) -> Disturbance:
    """A signal, after which a command closes its rows and ends with a code of its own."""
    return Disturbance(lambda _: told(number)(), (128 + number,))


KILL = Disturbance(lambda _: killed(), (-signal.SIGKILL,))


@dataclass
class Row:
    """One line of the table: a command on a database."""

    trade: str
    database: str
    steps: int
    kills: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)

    def count(self, point: int, wrong: Mapping[str, str]) -> None:
        """Add a kill before a step, and what was wrong after it."""
        self.kills += 1
        self.wrong.update(wrong.keys())
        self.seen += [f"step {point}: {what}: {said}" for what, said in wrong.items()]


@dataclass(frozen=True)
class Wanted:
    """What the command leaves when nobody disturbs it."""

    facts: Facts
    before: dict[str, str]
    after: dict[str, str]
    made: dict[str, int]
    steps: int


class Campaign:
    """Many ends of one command.

    Parameters
    ----------
    stage : Stage
        Prepared for the command.
    trade : Trade
        The command.
    what : Disturbance
        What happens to it; it is killed unless told.
    """

    def __init__(self, stage: Stage, trade: Trade, what: Disturbance | None = None) -> None:
        self._stage, self._what = stage, what or KILL
        with stage.trial():
            self._trade = trade
            before = marks_of(stage)
            agent = Agent(stage.home, counts_statements=trade.counts_statements)
            ending = stage.run(stage.filled(trade.words), agent, until=trade.until)
            self._good = (0, 5, *((_INTERRUPTED,) if trade.until else ()))
            if ending.code not in self._good:
                raise StageError(f"{trade.name}: {ending.code} {ending.err[-2000:]}")
            self._code = ending.code
            made = touched(stage, trade.touches)
            if missing := [name for name in trade.touches if not (stage.home / name).exists()]:
                raise StageError(f"{trade.name} has not made {missing}")
            facts = facts_of(stage, trade.copy)
            self._wanted = Wanted(facts, before, marks_of(stage), made, ending.steps)
            left = litter_of(stage, trade.touches)
            if left or unfinished(stage):
                raise StageError(f"{trade.name} leaves litter of its own accord: {left}")

    @property
    def steps(self) -> int:
        """Steps of the command when it is left alone."""
        return self._wanted.steps

    def judge(self, points: list[int]) -> Iterator[tuple[int, Judgement]]:
        """End the command before each of some steps; what is wrong afterwards."""
        for point in points:
            with self._stage.trial():
                yield point, self._judge(point)

    def _judge(self, point: int) -> Judgement:
        found, stage, trade = Judgement(), self._stage, self._trade
        words = stage.filled(trade.words)  # Each trial has a database of its own.
        agent = Agent(
            stage.home,
            point,
            lambda: self._what.happen(stage),
            counts_statements=trade.counts_statements,
        )
        ended = stage.run(words, agent, until=trade.until)
        stage.wait_for_server()
        found.demand("worker left", not ended.left, f"{ended.left} processes")
        self._demand_end(found, ended.code, ended.err)
        if not trade.is_bare:
            self._demand_repair(found)
        self._demand_files(found, again=False)
        again = stage.run(stage.filled(trade.again) or words, until=trade.until)
        is_done = bool(trade.done) and trade.done in again.err
        good = again.code in self._good or is_done
        found.demand("not repeatable", good, f"{again.code} {again.err[-400:]}")
        facts = facts_of(stage, trade.copy)
        found.compare("rows", facts, self._wanted.facts, trade.is_new_each_time)
        self._demand_files(found, again=True)
        self._demand_peace(found)
        return found

    def _demand_repair(self, found: Judgement) -> None:
        stage = self._stage
        repaired = stage.run(("fsck", "--repair", "--json"))
        found.demand("fsck failed", repaired.code in (0, 5), repaired.err[-400:])
        problems = problems_in(repaired.out) if repaired.code in (0, 5) else []
        # These change with the rows in one transaction, or not at all.
        half = [one for one in problems if one["problem"] in ("summary", "loose-end", "database")]
        found.demand("half rows", not half, half[:3])
        is_closed = bool(self._trade.dead) or not unfinished(stage)
        found.demand("still running", is_closed, unfinished(stage))

    def _demand_end(self, found: Judgement, code: int, err: str) -> None:
        # It may have been done but for the last words.
        good = (*self._what.codes, *self._good)
        found.demand("wrong exit code", code in good, f"{code} {err[-300:]}")
        found.demand("traceback", "Traceback" not in err, err[-500:])

    def _demand_files(self, found: Judgement, *, again: bool) -> None:
        marks, wanted = marks_of(self._stage), self._wanted
        made = touched(self._stage, self._trade.touches)
        # A draft may stay beside a file of which the ledger knows nothing, until it is made anew.
        known = made.keys() & wanted.made.keys()
        half = [name for name in known if not _is_like(made[name], wanted.made[name])]
        found.demand("half file", not half, half)
        if again:
            found.demand("files not made", made.keys() == wanted.made.keys(), sorted(made))
            found.demand("user file changed", marks == wanted.after, _differ(marks, wanted.after))
        elif self._trade.writes_files:
            mixed = marks not in (wanted.before, wanted.after)
            found.demand("files mixed", not mixed, _differ(marks, wanted.before))
        else:
            same = marks == wanted.before
            found.demand("user file changed", same, _differ(marks, wanted.before))

    def _demand_peace(self, found: Judgement) -> None:
        stage = self._stage
        found.demand("still running", not unfinished(stage), unfinished(stage))
        left = litter_of(stage, self._trade.touches)
        found.demand("litter", not left, left[:5])
        checked = stage.run(("fsck", "--deep", "--json"))
        found.demand("fsck failed", checked.code in (0, 5), checked.err[-400:])
        problems = problems_in(checked.out) if checked.code in (0, 5) else []
        found.demand("fsck not silent", not problems, problems[:3])


def points_of(number_of_steps: int, number: int, seed: int) -> list[int]:
    """Steps before which to end a command: all, the middle one, or a sample with first and last."""
    steps = range(1, number_of_steps + 1)
    if number >= len(steps):
        return list(steps)
    if number < 2:
        return [(number_of_steps + 1) // 2]
    return sorted({1, number_of_steps, *random.Random(seed).sample(steps[1:-1], number - 2)})


def _is_like(size: int, wanted: int) -> bool:
    """Whether a file has the size of a whole one, which dates in it may change a little."""
    return abs(size - wanted) <= max(_LITTLE_BYTES, wanted // 10)


def _differ(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
