"""Options that belong to no command: where they may stand, and what they do."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from skydb.cli.app import placed
from skydb.report.console import render_table
from skydb.report.tables import Column
from skydb.version import __version__
from tests.cli.tree import leaves
from tests.commands import LedgerDirectory, skydb

GLOBAL = ("--quiet", "--verbose", "--wide", "--json")
WORDS = st.lists(st.sampled_from(["runs", "--kind", "sky", "-o", "a=b", "x y", "--json-x"]))


@pytest.mark.parametrize("words", [(), ("runs",), ("runs", "show"), ("books", "deliveries")])
def test_h_is_help_everywhere(words: tuple[str, ...]) -> None:
    short = skydb(*words, "-h")
    assert (short.code, short.out) == (0, skydb(*words, "--help").out)


def test_no_command_has_another_use_for_what_may_stand_anywhere() -> None:
    taken = [
        (str(leaf), name)
        for leaf in leaves()
        for one in leaf.spec.params
        for name in one.opts
        if name in (*GLOBAL[:3], "-h", "--db", "--data")
    ]
    assert taken == []


@given(words=WORDS, options=st.lists(st.sampled_from(GLOBAL), unique=True), data=st.data())
def test_options_of_every_command_may_stand_anywhere(
    words: list[str], options: list[str], data: st.DataObject
) -> None:
    mixed = list(words)
    for option in options:
        mixed.insert(data.draw(st.integers(0, len(mixed))), option)
    found = placed([*mixed, "--", "--json", "a"])
    has_command = any(not word.startswith("-") for word in words)
    last = ["--json"] if "--json" in options and has_command else []
    first = [one for one in GLOBAL[:3] if one in options]
    assert found == [*first, *words, *last, "--", "--json", "a"]
    assert placed(found) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("runs show 3 --db a.sqlite --json", "--db a.sqlite runs show 3 --json"),
        ("--quiet runs --data=d --db u", "--quiet --data=d --db u runs"),
        ("--db u runs --verbose", "--verbose --db u runs"),
        ("runs --db", "runs --db"),
        ("books note x -- --db y", "books note x -- --db y"),
    ],
)
def test_the_database_and_its_data_may_be_named_anywhere(words: str, found: str) -> None:
    assert placed(words.split()) == found.split() == placed(found.split())


def test_a_command_reads_the_ledger_that_is_named_after_it(ledger: LedgerDirectory) -> None:
    named = skydb("runs", "--json", "--db", ledger.url)
    assert (named.code, named.document) == (0, [])


def test_json_and_quiet_work_before_and_after_a_command(ledger: LedgerDirectory) -> None:
    asked = [("--json", "runs"), ("runs", "--json"), ("runs", "list", "--json", "--quiet")]
    assert [ledger(*words).document for words in asked] == [[], [], []]
    remarks = [ledger(*words).err for words in (("todo", "--quiet"), ("--quiet", "todo"))]
    assert remarks == ["", ""]


def test_json_without_a_command_says_what_the_line_without_it_says() -> None:
    assert (skydb("--json").code, skydb("--json").err) == (2, skydb().err)
    assert "No such option" not in skydb("--json").err
    assert skydb("--json", "--version").out == f"{__version__}\n"
    assert skydb("--json", "--help").out == skydb("--help").out


def test_the_version_is_told_by_an_option_too() -> None:
    assert skydb("--version").out == skydb("version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    ("line", "offered"),
    [("skydb sk", "sky"), ("skydb runs sh", "show"), ("skydb sky dis", "display")],
)
def test_a_shell_can_complete_commands(line: str, offered: str) -> None:
    program = "from skydb.cli.main import main; main()"
    asked = {"_SKYDB_COMPLETE": "complete_bash", "COMP_WORDS": line,
             "COMP_CWORD": str(line.count(" "))}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True,
        env={**os.environ, **asked},
    )  # fmt: skip
    assert done.stdout.split() == [offered]


COLUMNS = (Column("name"), Column("first", spare=2), Column("second", spare=1), Column("third"))
ROW = {"name": "ibxl50clq", "first": "f" * 20, "second": "s" * 20, "third": "t" * 20}


def _shown(width: int, *, wide: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width)
    render_table("", COLUMNS, [ROW], console, note="1 row", wide=wide)
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "left_out"), [(200, ()), (70, ("first",)), (50, ("first", "second")), (20, ...)]
)
def test_a_narrow_table_leaves_out_what_can_be_spared_and_says_so(
    width: int, left_out: tuple[str, ...]
) -> None:
    missing = ("first", "second") if left_out is ... else left_out
    shown = " ".join(_shown(width).split())
    for name in ("name", "first", "second", "third"):
        assert (ROW[name] in shown) == (name not in missing)
    assert (f"without {', '.join(missing)}" in shown) == bool(missing)
    everything = " ".join(_shown(width, wide=True).split())
    assert all(value in everything for value in ROW.values())
    assert "without" not in everything


def test_columns_that_are_left_out_are_named_as_json_has_them() -> None:
    spared = ("rms_ra_mas", "rms_ra_pix", "match_sigma", "localmin_sigma")
    columns = (Column("rootname"), *(Column(name, spare=1) for name in spared))
    row = {"rootname": "ibxl50clq", **dict.fromkeys(spared, 1.0)}
    out = io.StringIO()
    render_table("", columns, [row], Console(file=out, width=32))
    words = " ".join(out.getvalue().split())
    assert f"Without {', '.join(spared)} (--wide" in words


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("ingest field/ibxl50clq_flt.fits", "field/ibxl50clq_flt.fits"),
        ("export skies.csv", "skies.csv"),
        ("export footprints field.reg", "field.reg"),
        ("export footprints field.png", "field.png"),
        ("export prov all.json", "all.json"),
        ("report field.html", "field.html"),
    ],
)
def test_a_path_is_absolute_for_programs_and_as_it_was_typed_for_people(
    ingested: LedgerDirectory,
    field: Path,
    words: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ingested.path)
    (ingested.path / "field").symlink_to(field)
    said = ingested(*words.split())
    assert name in said.out + said.err and str(ingested.path) not in said.out
    (ingested.path / "all.json").unlink(missing_ok=True)
    found = ingested(*words.split(), "--json").document
    (made,) = found if isinstance(found, list) else [found]
    assert made["path"] == str(ingested.path / name)
