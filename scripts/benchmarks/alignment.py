"""``align run`` and ``align accept`` of nine products, against TweakReg and TweakBack by hand.

Both roads read the same products and catalogue, each with every process that it starts. The
tools by hand are what a notebook does: one interpreter that imports them and calls TweakReg once
for each product, then TweakBack. It checks nothing and keeps no books.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from scripts.benchmarks.timing import Result, Spent, by_processor, median, spent
from skydb.files.catalog import read_catalog
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan

#: What each command may take of the tools by hand: 0.67 and 0.70 of what the code of 4f3a04e did,
#: which was 1.65 and 2.68 of them (2026-11-30).
_RUN, _ACCEPT = 1.1, 1.85

_PLAN = FieldPlan(tiles=(3, 3), size=512, seed=3)

#: The catalogue has degrees in its first two columns.
_BY_HAND = """
from pathlib import Path
{imports}
for product in sorted(Path().glob("*_drz.fits")):
    {call}
"""
_TWEAKREG = (
    "TweakReg([product.name], imagefindcfg={'threshold': 50.0, 'conv_width': 2.5},"
    " refcat='tweakreg.cat', refxcol=1, refycol=2, refxyunits='degrees', searchrad=3.0,"
    " updatehdr=True, wcsname='BYHAND', interactive=False, see2dplot=False,"
    " residplot='NoPlot', clean=False)"
)
_TWEAKBACK = "tweakback(product.name, newname='CARRIED', verbose=False)"


def measure(workdir: Path, repeats: int) -> list[Result]:
    """One row a command: processor time of all processes, the median of the turns.

    Parameters
    ----------
    workdir : Path
        Directory for everything; a field that is there already is taken as it is.
    repeats : int
        How often both roads are gone.
    """
    field = workdir / "nine-products"
    if not field.exists():
        simulate_field(field, _PLAN)
        read_catalog(field / "gaia.ecsv", epoch_year=2016.0).write_tweakreg(field / "tweakreg.cat")
    rounds = [_round(field, workdir / "alignment") for _ in range(repeats)]
    run, accept, fit, back, start = map(median, zip(*rounds, strict=True))
    return [
        _row("align run, nine products", _RUN, run, fit, start),
        _row("align accept, nine products", _ACCEPT, accept, back, start),
    ]


def _round(field: Path, home: Path) -> tuple[Spent, ...]:
    """Seconds of both commands, of both tools by hand, and of their imports alone."""
    by_skydb, by_hand = home / "skydb", home / "hand"
    shutil.rmtree(home, ignore_errors=True)
    for copy in (by_skydb, by_hand):
        shutil.copytree(field, copy)
    for words in ("init", "ingest .", "refcat import gaia.ecsv --epoch 2016.0"):
        _skydb(by_skydb, *words.split())
    return (
        spent(lambda: _skydb(by_skydb, "align", "run", "--refcat", "gaia")),
        spent(lambda: _skydb(by_skydb, "align", "accept", _fits(by_skydb))),
        spent(lambda: _by_hand(by_hand, "tweakreg", "TweakReg", _TWEAKREG)),
        spent(lambda: _by_hand(by_hand, "tweakback", "tweakback", _TWEAKBACK)),
        spent(lambda: _python(by_hand, "from drizzlepac import tweakreg")),
    )


def _fits(directory: Path) -> str:
    """Number of the run of TweakReg."""
    newest, *_ = json.loads(_skydb(directory, "runs", "--json"))
    return str(newest["run"])


def _skydb(directory: Path, *words: str) -> str:
    from skydb.cli import main

    done = subprocess.run(
        [sys.executable, "-c", f"from {main.__name__} import main; main()", *words],
        check=True, cwd=directory, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def _by_hand(directory: Path, module: str, name: str, call: str) -> None:
    imports = f"from drizzlepac.{module} import {name}"
    _python(directory, _BY_HAND.format(imports=imports, call=call))


def _python(directory: Path, script: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    subprocess.run(command, check=True, cwd=directory, capture_output=True)


def _row(name: str, allowed: float, ours: Spent, by_hand: Spent, floor: Spent) -> Result:
    ratio = ours.cpu_s / by_hand.cpu_s
    return {
        "name": name,
        "target": f"<= {allowed:g} x",
        "ratio": ratio,
        **by_processor(by_hand, ours, floor),
        "passed": ratio <= allowed,
        "note": "processor time; the reference is the tool by hand, which checks nothing",
    }
