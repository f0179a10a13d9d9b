"""Other trials: a crowd, full disks, directories that cannot be written, a server that goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import psycopg

from scripts.torturing import process
from scripts.torturing.agent import Agent
from scripts.torturing.kills import Campaign, Disturbance, points_of
from scripts.torturing.stage import Stage
from scripts.torturing.trade import Trade, Words
from scripts.torturing.trades import TRADES
from scripts.torturing.verdict import (
    Judgement,
    facts_of,
    litter_of,
    marks_of,
    problems_in,
    unfinished,
)

_CROWD = 16
_REPAIRS, _REPAIRED = 4, 4
_SOAK = 500
#: Of each mapper SQLAlchemy keeps some 150 statements by engine, and each command has a new one:
#: after this many runs nothing more is to be remembered.
_WARM = 250
#: Memory that the other runs may add, bytes.
_GROWTH = 5 << 20
_ROOM = 256 << 10


@dataclass
class Trial:
    """One trial on one database; ``wrong`` is empty when all is well."""

    name: str
    database: str
    seen: str = ""
    wrong: list[str] = field(default_factory=list)

    def demand_peace(self, stage: Stage, touches: Sequence[str] = ()) -> None:
        """Nothing runs, nothing lies about, and ``fsck`` has nothing to say."""
        found = Judgement()
        found.demand("still running", not unfinished(stage), unfinished(stage))
        left = litter_of(stage, touches)
        found.demand("litter", not left, left[:5])
        checked = stage.run(("fsck", "--deep", "--json"))
        found.demand("fsck failed", checked.code in (0, 5), checked.err[-300:])
        problems = problems_in(checked.out) if checked.code in (0, 5) else []
        found.demand("fsck not silent", not problems, problems[:3])
        self.wrong += [f"{kind}: {said}" for kind, said in found.wrong.items()]


def _trade(name: str) -> Trade:
    return next(one for one in TRADES if one.name == name)


def crowd(stage: Stage, database: str, files: Path) -> Trial:
    """Sixteen processes at once: the same files, the same runs, catalogues and notes."""
    trial = Trial(f"{_CROWD} processes at once", database)
    skies, catalog = _trade("sky run, values"), _trade("refcat import")
    stage.prepare(files, skies.before)
    runs = [(*skies.words[:-1], method) for method in ("localmin", "match", "globalmin")]
    commands: list[Words] = [*runs * 3, *[("ingest", "redelivered")] * 4, catalog.words]
    commands += [("books", "note", "VISIT", f"number {n}") for n in range(2)]
    with stage.trial():
        words = [stage.filled(command) for command in commands]
        started = [process.start(one, stage.home, stage.environment) for one in words]
        endings = [process.wait(child, stage.home) for child in started]
        bad = [
            f"{' '.join(one)}: {ending.code} {ending.err[-300:]}"
            for one, ending in zip(words, endings, strict=True)
            if ending.code not in (0, 5)
        ]
        trial.wrong += bad
        versions = facts_of(stage)["versions"]
        trial.wrong += [f"{row} is there {n} times" for row, n in versions.items() if n > 1]
        trial.seen = f"{len(started)} commands, {len(bad)} failed, {len(versions)} file versions"
        trial.demand_peace(stage)
    return trial


def full_disk(stage: Stage, database: str, files: Path) -> Trial:
    """Everything on a disk with 256 kB left; then with room."""
    trial = Trial("a full disk", database)
    trade = _trade("sky run, mosaics")
    stage.prepare(files, trade.before)
    with stage.trial():
        inside = stage.home.with_name("inside")
        shutil.rmtree(inside, ignore_errors=True)
        shutil.copytree(stage.home, inside, symlinks=True)
        size = sum(path.stat().st_size for path in inside.rglob("*") if path.is_file())
        with _mounted(stage.home, "-t", "tmpfs", "-o", f"size={size + size // 8 + _ROOM}") as can:
            if not can:
                trial.seen = "not possible here: nothing can be mounted"
                return trial
            shutil.copytree(inside, stage.home, dirs_exist_ok=True, symlinks=True)
            before = marks_of(stage)
            first = stage.run(trade.words)
            _demand_sentence(trial, first)
            subprocess.run(["mount", "-o", "remount,size=400m", str(stage.home)], check=True)
            stage.run(("fsck", "--repair"))
            again = stage.run(trade.words)
            trial.seen = f"exit {first.code}, then {again.code}"
            if again.code not in (0, 5):
                trial.wrong.append(f"not repeatable: {again.err[-300:]}")
            if marks_of(stage) != before:
                trial.wrong.append("user file changed")
            trial.demand_peace(stage)
        shutil.rmtree(inside)
    return trial


def read_only(stage: Stage, database: str, files: Path) -> Trial:
    """A data root that cannot be written."""
    trial = Trial("a data root that cannot be written", database)
    trade = _trade("sky run, mosaics")
    stage.prepare(files, trade.before)
    with stage.trial():
        data = stage.home / "data"
        data.mkdir(exist_ok=True)
        with _mounted(data, "--bind", source=str(data)) as can:
            if not can:
                trial.seen = "not possible here: nothing can be mounted"
                return trial
            subprocess.run(["mount", "-o", "remount,bind,ro", str(data)], check=True)
            first, status = stage.run(trade.words), stage.run(("status", "--json"))
            _demand_sentence(trial, first)
            if status.code not in (0, 5):
                trial.wrong.append(f"status: {status.err[-300:]}")
        stage.run(("fsck", "--repair"))
        again = stage.run(trade.words)
        trial.seen = f"exit {first.code}, then {again.code}"
        if again.code not in (0, 5):
            trial.wrong.append(f"not repeatable: {again.err[-300:]}")
        trial.demand_peace(stage)
    return trial


def _demand_sentence(trial: Trial, ending: process.Ending) -> None:
    if ending.code != 1 or "Traceback" in ending.err or not ending.err:
        trial.wrong.append(f"exit {ending.code}: {ending.err[-300:]}")


@contextmanager
def _mounted(place: Path, *how: str, source: str = "none") -> Iterator[bool]:
    done = subprocess.run(["mount", *how, source, str(place)], capture_output=True, check=False)
    try:
        yield not done.returncode
    finally:
        if not done.returncode:
            subprocess.run(["umount", str(place)], check=True)


def server_restarts(stage: Stage, database: str, files: Path) -> Trial:
    """PostgreSQL loses all its sessions at steps of a run, and recovers."""
    trial = Trial("a server that is restarted", database)
    if stage.server is None:
        trial.seen = "SQLite has none"
        return trial
    trade = _trade("sky run, values")
    stage.prepare(files, trade.before)
    campaign = Campaign(stage, trade, Disturbance(_crash, (0, 1, 5)))
    points = points_of(campaign.steps, 8, seed=3)
    for point, judgement in campaign.judge(points):
        trial.wrong += [f"step {point}: {k}: {said}" for k, said in judgement.wrong.items()]
    trial.seen = f"before {len(points)} of {campaign.steps} steps"
    return trial


def _crash(stage: Stage) -> None:
    """Kill the sessions of the ledger: PostgreSQL then ends all others, and starts anew."""
    url = stage.url.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url, autocommit=True) as connection:
        question = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        for (pid,) in connection.execute(f"{question} AND pid <> pg_backend_pid()").fetchall():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class _Clock:
    """skydb's clock in a process, as far ahead of the true one as told."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def install(self) -> None:
        from skydb.domain import base

        true = base.utc_now

        def ahead() -> datetime:
            return true() + self._ahead

        for name, module in list(sys.modules.items()):
            if name.startswith("skydb.") and getattr(module, "utc_now", None) is true:
                module.utc_now = ahead  # type: ignore[attr-defined]


def clock_set_back(stage: Stage, database: str, files: Path) -> Trial:
    """A day is lost between the ingest, the runs and what comes after them."""
    trial = Trial("a clock set back by a day", database)
    trade = _trade("sky run, values")
    stage.prepare(files, ())
    results = []
    for days in (0, 1):
        with stage.trial():
            for words in (*trade.before, trade.words):
                clock = _Clock(timedelta(days=days))
                child = process.start(words, stage.home, stage.environment, clock)
                process.wait(child, stage.home)
            later = [stage.run(words) for words in (("ingest", "redelivered"), trade.words)]
            trial.wrong += [one.err[-300:] for one in later if one.code not in (0, 5)]
            due = stage.must(("todo", "--json"))
            rows = [(row.get("exposure"), row.get("reason")) for row in json.loads(due.out)]
            results.append((facts_of(stage), sorted(map(str, rows))))
            trial.demand_peace(stage)
    if results[0] != results[1]:
        trial.wrong.append("the ledger says other things than with a steady clock")
    trial.seen = f"{len(results[0][1])} rows of todo, as with a steady clock"
    return trial


def soak(stage: Stage, database: str, files: Path) -> Trial:
    """Five hundred runs in one process: memory, handles, scratch, and bytes of each run."""
    trial = Trial(f"{_SOAK} runs in one process", database)
    trade = _trade("sky run, values")
    stage.prepare(files, trade.before)
    with stage.trial():
        told = stage.home.with_name("soak.json")
        child = process.start(("--version",), stage.home, stage.environment, _Soak(told, stage))
        process.wait(child, stage.home)
        seen = json.loads(told.read_text())
        told.unlink()
        early, late = seen[_WARM], seen[-1]
        if late["memory"] - early["memory"] > _GROWTH:
            trial.wrong.append(f"memory grows: {early['memory']} to {late['memory']}")
        if late["handles"] > early["handles"]:
            trial.wrong.append(f"handles grow: {early['handles']} to {late['handles']}")
        if late["code"] not in (0, 5):
            trial.wrong.append(f"exit {late['code']}")
        trial.seen = (
            f"memory {early['memory'] >> 20} to {late['memory'] >> 20} MB, handles "
            f"{early['handles']} to {late['handles']}, {late['left']} files left for a while"
        )
        trial.demand_peace(stage)
    return trial


class _Soak:
    """Runs a command again and again before the process does what it was to do."""

    def __init__(self, told: Path, stage: Stage) -> None:
        self._told, self._stage = told, stage
        words = _trade("sky run, values").words
        self._words = ("--quiet", *words[:-1], "localmin", "--force")

    def install(self) -> None:
        from skydb.cli.main import run

        this, seen = psutil.Process(), []
        for _ in range(_SOAK):
            code = run(list(self._words))
            scratch = self._stage.home / "tmp"
            seen.append(
                {
                    "code": code,
                    "memory": this.memory_info().rss,
                    "handles": this.num_fds(),
                    "left": sum(1 for _ in scratch.rglob("*")),
                }
            )
        self._told.write_text(json.dumps(seen))


def repairs_at_once(stage: Stage, database: str, files: Path) -> Trial:
    """Four `fsck --repair` at once after a command was killed, then the command again."""
    trial, tried = Trial(f"{_REPAIRS} repairs at once", database), 0
    for name in ("sky write-headers", "sky run, values", "ingest of redelivered files"):
        trade = _trade(name)
        stage.prepare(files, trade.before)
        steps = Campaign(stage, trade).steps
        for point in points_of(steps, _REPAIRED, seed=4):
            with stage.trial():
                words = stage.filled(trade.words)
                stage.run(words, Agent(stage.home, point))
                repair = ("fsck", "--repair", "--json")
                started = [
                    process.start(repair, stage.home, stage.environment) for _ in range(_REPAIRS)
                ]
                endings = [process.wait(child, stage.home) for child in started]
                endings.append(stage.run(words))
                trial.wrong += [
                    f"{name}, step {point}: exit {one.code}: {one.err[-300:]}"
                    for one in endings
                    if one.code not in (0, 5)
                ]
                trial.demand_peace(stage)
                tried += 1
    trial.seen = f"after {tried} kills of three commands"
    return trial


OTHERS: dict[str, Callable[[Stage, str, Path], Trial]] = {
    "crowd": crowd,
    "disk": full_disk,
    "readonly": read_only,
    "restart": server_restarts,
    "clock": clock_set_back,
    "soak": soak,
    "repairs": repairs_at_once,
}
