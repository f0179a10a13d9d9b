"""Entry of ``scripts/torture``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.torturing import process
from scripts.torturing.archive import serving
from scripts.torturing.fields import make_files
from scripts.torturing.kills import KILL, Campaign, Row, points_of, signalled
from scripts.torturing.others import OTHERS, Trial
from scripts.torturing.results import Results, code_fingerprint
from scripts.torturing.stage import Stage, StageError
from scripts.torturing.tables import kill_table, other_table
from scripts.torturing.trade import Trade
from scripts.torturing.trades import TRADES
from tests.postgres import SETTINGS, PostgresServer

_SIGNALS = {
    "kill": KILL,
    "term": signalled(signal.SIGTERM),
    "int": signalled(signal.SIGINT),
    "hup": signalled(signal.SIGHUP),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Disturb, look, and print a table; 1 when something was wrong."""
    options = _parser().parse_args(arguments)
    process.prepare()
    home = Path(options.keep or tempfile.mkdtemp(prefix="skydb-torture-"))
    files = make_files(home / "source")
    rows: list[Row] = []
    other: list[Trial] = []
    with serving(files / "files"):
        for database in options.on:
            _torture(home / database, database, files, options, rows, other)
    sys.stdout.write(kill_table(rows) + "\n" + other_table(other) + "\n")
    return int(any(row.wrong for row in rows) or any(one.wrong for one in other))


def _torture(
    home: Path,
    database: str,
    files: Path,
    options: argparse.Namespace,
    rows: list[Row],
    other: list[Trial],
) -> None:
    """Everything that is wanted on one database, added to the rows and the other trials."""
    server = _start_server() if database == "postgresql" else None
    try:
        process.warm_up(None if server is None else server.url(server.create_database()))
        stage = Stage(home, server)
        trades = [one for one in TRADES if one.only_on in ("", database)]
        trades = [one for one in trades if _is_wanted(one.name, options)]
        rows += [_campaign(stage, database, trade, files, options) for trade in trades]
        for name, trial in OTHERS.items():
            if _is_wanted(name, options):
                other.append(trial(stage, database, files))
                print(other_table(other[-1:]), flush=True)
    finally:
        if server is not None:
            server.stop()


def _start_server() -> PostgresServer:
    """A server that keeps what it has committed, other than that of the tests."""
    SETTINGS.update(dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on"))
    return PostgresServer.start()


def _is_wanted(name: str, options: argparse.Namespace) -> bool:
    only = not options.only or any(word in name for word in options.only)
    return only and not any(word in name for word in options.without)


def _campaign(
    stage: Stage, database: str, trade: Trade, files: Path, options: argparse.Namespace
) -> Row:
    began = time.monotonic()
    results = Results(options.results, {"code": code_fingerprint(), "signal": options.signal})
    number = options.slow if trade.is_slow else options.kills
    row = _remembered(results, database, trade, number, options.seed)
    if row is None:
        row = _tried(stage, Row(trade.name, database, 0), trade, files, options, results)
    sys.stderr.write(
        f"{row.database}: {row.trade}: {row.kills} of {row.steps} steps, "
        f"{sum(row.wrong.values())} wrong, {time.monotonic() - began:.0f} s\n"
    )
    for line in row.seen[:8]:
        sys.stderr.write(f"    {line}\n")
    return row


def _remembered(
    results: Results, database: str, trade: Trade, number: int, seed: int
) -> Row | None:
    """The row of a command of which every kill stands in the file of results."""
    known = results.known(trade.name, database)
    if not known:
        return None
    row = Row(trade.name, database, known[0]["steps"])
    by_point = {kill["point"]: kill["wrong"] for kill in known}
    wanted = points_of(row.steps, number, seed)
    if not set(wanted) <= by_point.keys():
        return None
    for point in wanted:
        row.count(point, by_point[point])
    return row


def _tried(
    stage: Stage,
    row: Row,
    trade: Trade,
    files: Path,
    options: argparse.Namespace,
    results: Results,
) -> Row:
    """The row of a command, with the kills that stand in the file and all others made now."""
    try:
        stage.prepare(files, trade.before, is_bare=trade.is_bare, dead=trade.dead)
        campaign = Campaign(stage, trade, _SIGNALS[options.signal])
    except StageError as error:
        row.wrong["not prepared"] += 1
        row.seen.append(str(error))
        return row
    row.steps = campaign.steps
    known = {
        kill["point"]: kill["wrong"]
        for kill in results.known(trade.name, row.database)
        if kill["steps"] == row.steps
    }
    number = options.slow if trade.is_slow else options.kills
    points = points_of(row.steps, number, options.seed)
    for point in [point for point in points if point in known]:
        row.count(point, known[point])
    for point, judgement in campaign.judge([point for point in points if point not in known]):
        row.count(point, judgement.wrong)
        results.add(trade.name, row.database, steps=row.steps, point=point, wrong=judgement.wrong)
    return row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("only", nargs="*", help="Words in the names of what to do; else all.")
    parser.add_argument("--except", nargs="+", dest="without", default=(), metavar="WORD")
    parser.add_argument("--kills", type=int, default=12, help="Of each command and database.")
    parser.add_argument("--slow", type=int, default=5, help="Of commands that drizzlepac is in.")
    parser.add_argument("--seed", type=int, default=1, help="Of the steps before which to kill.")
    parser.add_argument("--signal", choices=_SIGNALS, default="kill")
    parser.add_argument(
        "--on", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql")
    )
    parser.add_argument(
        "--results", type=Path, help="File of kills; those in it that are of this code count."
    )
    parser.add_argument("--keep", help="Directory to work in; else one that is forgotten.")
    return parser


if __name__ == "__main__":
    sys.exit(main())
