"""Ledgers in which nothing is known of an exposure but its rootname, shown by every command."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydb.domain.vocabulary import COMPUTED_METHODS
from tests.cli.tree import leaves
from tests.commands import LedgerDirectory
from tests.files.logs.manners import DrizzleManner, TweakRegManner, bare, levels

#: Every command that reads, with what it is asked; {run} and so on are filled in.
READING: dict[str, list[str]] = {
    "findings": ["findings"],
    "status": ["status"],
    "todo": ["todo"],
    "fsck": ["fsck"],
    "sql": ["sql", "SELECT * FROM v_sky_values"],
    "find": ["find", "--ra", "85", "--dec", "-2", "--radius", "1"],
    "explain": ["explain", "{rootname}[1]@{run}"],
    "replay": ["replay", "{run}"],
    "report": ["report", "{out}/report.html"],
    "version": ["version"],
    "db current": ["db", "current"],
    "db check": ["db", "check"],
    "db backup": ["db", "backup", "{out}/backup.sqlite", "--overwrite"],
    "inspect headers": ["inspect", "headers"],
    "inspect wcs": ["inspect", "wcs"],
    "refcat footprint": ["refcat", "footprint"],
    "refcat list": ["refcat", "list"],
    "align show": ["align", "show", "{alignment}"],
    "align plot": ["align", "plot", "{alignment}", "--out", "{out}"],
    "align history": ["align", "history", "{rootname}"],
    "align diff": ["align", "diff", "1", "2"],
    "align export": ["align", "export", "1", "--headerlet", "{out}/x_hlet.fits"],
    "align changes": ["align", "changes"],
    "sky advise": ["sky", "advise"],
    "sky audit": ["sky", "audit", "{run}"],
    "sky compare": ["sky", "compare"],
    "sky display": ["sky", "display", "{run}", "--out", "{out}"],
    "sky stats": ["sky", "stats"],
    "sky timeline": ["sky", "timeline", "--rootname", "{rootname}"],
    "books list": ["books", "list"],
    "runs list": ["runs"],
    "runs show": ["runs", "show", "{run}"],
    "books deliveries list": ["books", "deliveries", "list"],
    "export table": ["export", "table", "{out}/t.csv"],
    "preset list": ["preset", "list"],
    "preset show": ["preset", "show", "tutorial"],
    "export footprints": ["export", "footprints", "{out}/f.reg"],
    "export prov": ["export", "prov", "{out}/p.json"],
}
#: Commands that change something, or need what such a ledger does not have.
OTHERS = {
    *("init", "simulate", "fetch", "ingest", "restore-headers", "demo", "doctor", "db upgrade"),
    *("preset set", "preset remove", "refcat show", "sky write-headers", "sky restore-headers"),
    *(
        "db copy",
        "db reader",
        "refcat import",
        "refcat gaia",
        "refcat supersede",
        "drizzle",
        "align run",
        "align accept",
    ),
    *("align reject", "align restore", "sky run", "history import", "books note", "books flag"),
    *("books ignore", "books withdraw", "books abandon", "books pin", "books unpin"),
    *("books purge", "books delete", "books undelete", "books metrics-only"),
    *("runs pin", "runs unpin", "runs purge", "runs delete", "runs undelete", "runs abandon"),
    *("runs metrics-only",),
    *("books deliveries add", "books deliveries drop", "archive serve", "browse"),
}
VARIANTS = [
    ["sky", "compare", "--history"],
    ["sky", "compare", "{run}"],
    ["explain", "run:{run}"],
    ["runs", "show", "{alignment}"],
    ["explain", "solution:1"],
    ["export", "table", "{out}/t.ecsv"],
]

_LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789")
_ROOTNAMES = st.builds(
    "{}{}{}{}q".format,
    st.sampled_from("ijnou"),
    st.text(_LETTERS, min_size=3, max_size=3),
    st.text(_LETTERS, min_size=2, max_size=2),
    st.text(_LETTERS, min_size=2, max_size=2),
)
_CHIPS = st.dictionaries(
    st.tuples(_ROOTNAMES.map("{}_flc.fits".format), st.integers(1, 4)),
    st.floats(0.001, 99.0).map(lambda sky: round(sky, 6)),
    min_size=1,
    max_size=5,
)


@st.composite
def _logs(draw: st.DrawFn) -> list[str]:
    texts = []
    for number in range(draw(st.integers(1, 3))):
        manner = DrizzleManner(
            draw(st.sampled_from(["2.1.17", "2.2.6", "3.1.8", "3.10.0", "3.11.0"])),
            draw(st.sampled_from(COMPUTED_METHODS)),
            draw(st.booleans()),
            day=f"{number + 1:02}/01/2019",
            skies=tuple(draw(_CHIPS).items()),
        )
        lines = manner.lines()
        wrap = bare if manner.console else levels
        texts.append(wrap(lines[: draw(st.sampled_from([len(lines), len(lines) // 2]))]))
    updatehdr, failed = draw(st.booleans()), draw(st.booleans())
    texts.append(levels(TweakRegManner("1.4.7", updatehdr, failed=failed).lines()))
    return texts


def test_every_command_is_asked_or_known_to_change_something():
    assert {str(leaf) for leaf in leaves()} == READING.keys() | OTHERS


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> bytes:
    return sqlite_template.read_bytes()


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=_logs())
def test_every_command_lives_with_exposures_of_which_only_the_name_is_known(empty, texts):
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "skydb.sqlite").write_bytes(empty)
        (home / "old").mkdir()
        for number, text in enumerate(texts):
            (home / "old" / f"{number}.log").write_text(text)
        ledger = LedgerDirectory(home)
        imported = ledger("history", "import", home / "old", "--json").document
        sky = [row for row in imported if row["kind"] == "sky-run"]
        rows = ledger.json("inspect", "headers")
        known = {
            "run": sky[0]["run"],
            "alignment": next(row["run"] for row in imported if row["kind"] == "alignment"),
            "rootname": rows[0]["rootname"],
            "out": home,
        }
        for words in [*READING.values(), *VARIANTS]:
            spoken = ledger(*(word.format(**known) for word in words))
            assert spoken.code in range(6), words
            assert "Traceback" not in spoken.err
        assert (home / "report.html").stat().st_size > 1000
