"""One selection: every command that selects exposures takes the same options, matched alike."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.cli.inputs import SELECTING
from skydb.domain.vocabulary import SkyMethod
from tests.cli.tree import Leaf, leaves
from tests.commands import LedgerDirectory
from tests.services.ledgers import SmallLedger, day

#: Spellings of the options, each with what it may be called besides.
SPELLED = {
    "--visit": "--visit", "--target": "--target", "--filter": "--filter",
    "--detector": "--detector", "--proposal": "--proposal", "--exposure": "--exposure",
    "--rootname": "--exposure", "--exclude": "--exclude", "--flavour": "--flavour",
    "--as-of": "--as-of",
}  # fmt: skip

#: Commands whose options of these names select nothing that is in the ledger, and why.
OTHERS = {
    "simulate": "makes exposures",
    "demo": "makes exposures",
    "fetch": "asks an archive",
    "refcat gaia": "asks a catalogue service around a target",
    "preset show": "asks for the options of a detector",
}

#: Commands that select exposures, whatever else they do.
PROMISED = (
    "drizzle", "align run", "align history", "align changes", "sky run", "sky compare", "sky stats",
    "sky timeline", "sky audit", "sky advise", "report", "status", "todo", "inspect headers",
    "inspect wcs", "books list", "export table", "find", "runs list",
    "export footprints",
)  # fmt: skip

A, B, C = "ibxl50iaq", "ibxl50ibq", "ibxl51icq"


def selecting() -> list[Leaf]:
    return [leaf for leaf in leaves() if str(leaf) not in OTHERS and named(leaf)]


def named(leaf: Leaf) -> dict[str, object]:
    """The options of a command that have the name of one that selects."""
    return {name: one for one in leaf.spec.params for name in one.opts if name in SPELLED}


def reference() -> dict[str, object]:
    (leaf,) = [leaf for leaf in leaves() if str(leaf) == "sky run"]
    return named(leaf)


def spelled(option: object) -> tuple[object, ...]:
    """Find the spelling of an option in the help."""
    kind = str(option.type)  # type: ignore[attr-defined]
    return (tuple(option.opts), option.help, kind, option.multiple,  # type: ignore[attr-defined]
            option.required, option.nargs)  # type: ignore[attr-defined]  # fmt: skip


def test_every_command_that_is_to_select_does() -> None:
    assert set(PROMISED) <= {str(leaf) for leaf in selecting()}
    assert set(OTHERS) <= {str(leaf) for leaf in leaves() if named(leaf)}
    assert set(SPELLED.values()) == {f"--{name.replace('_', '-')}" for name in SELECTING}


@pytest.mark.parametrize("leaf", selecting(), ids=str)
def test_a_command_with_one_of_the_options_has_all_of_them_alike(leaf: Leaf) -> None:
    expected, found = reference(), named(leaf)
    assert set(found) == set(SPELLED)
    for name, option in found.items():
        assert spelled(option) == spelled(expected[name]), name


@pytest.fixture(scope="module")
def ledger(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[LedgerDirectory]:
    """Three exposures of two visits, matched, two in one filter and target."""
    directory = tmp_path_factory.mktemp("selecting")
    shutil.copyfile(sqlite_template, directory / "skydb.sqlite")
    services = Services.open(f"sqlite:///{directory / 'skydb.sqlite'}", directory / "data")
    book = SmallLedger(services)
    for name in (A, B):
        book.deliver(name)
    book.deliver(C, filters="F110W", target_name="ORION-1")
    book.run(SkyMethod.LOCALMIN, {A: 1.0, B: 1.5}, on=day("2024-01-01"))
    book.run(SkyMethod.LOCALMIN, {C: 3.0}, on=day("2024-02-01"), group="b")
    for name in (A, C):
        services.books.note(name, "look again")
    services.close()
    yield LedgerDirectory(directory)


#: What names the exposures in the answer of each command.
ANSWERS = {
    "inspect headers": "rootname", "inspect wcs": "rootname", "sky compare": "rootname",
    "sky timeline": "subject", "align history": "rootname", "books list": "rootname",
    "status": "visit",
}  # fmt: skip

WAYS = {
    "--visit 51": {C}, "--visit BXL51": {C}, "--visit bxl51": {C}, "--target orion-1": {C},
    "--target ORI*": {C}, "--filter f110w": {C}, "--filter *110w": {C}, "--detector ir": {A, B, C},
    "--exposure IBXL51ICQ": {C}, "--exclude IBXL50IAQ": {B, C}, "--proposal 12812": {A, B, C},
    "--flavour pipeline": {A, B, C}, "--flavour PIPELINE --filter F160w": {A, B},
    "--as-of 2999-01-01": {A, B, C},
    "--visit 5?": {A, B, C}, "--visit *51": {C}, "--visit BXL5*": {A, B, C},
    "--visit 50 --visit *1": {A, B, C}, "--exposure IBXL5*": {A, B, C}, "--exposure *ICQ": {C},
    "--exclude *0*": {C}, "--exposure ibxl50* --exclude ibxl50?aq": {B},
    "--proposal 128*": {A, B, C}, "--detector i?": {A, B, C},
}  # fmt: skip


#: Every way in one command, and a few in each.
FEW = ("--visit *51", "--target ORI*", "--filter f110w", "--exclude IBXL50IAQ")
CASES = [("inspect headers", way) for way in WAYS] + [
    (command, way) for command in ANSWERS if command != "inspect headers" for way in FEW
]


@pytest.mark.parametrize(("command", "way"), CASES)
def test_a_selection_means_the_same_in_every_command(
    ledger: LedgerDirectory, command: str, way: str
) -> None:
    rows = ledger.json(*command.split(), *way.split())
    found = {row[ANSWERS[command]] for row in rows}
    expected = WAYS[way] - ({B} if command == "books list" else set())
    if command == "status":
        assert found == {name[1:6] for name in expected}
        assert sum(row["exposures"] for row in rows) == len(expected)
    elif command == "books list" and not expected:
        assert rows == []
    else:
        assert found == expected


NOTHING = {
    "--visit 77": "visits here: bxl50, bxl51",
    "--target ORION": "targets here: HORSEHEAD, ORION-1",
    "--filter F6*": "filters here: F110W, F160W",
    "--detector UVIS": "detectors here: IR",
    "--exposure ibxl99zzq": f"exposures here: {A}, {B}, {C}",
    "--exclude ibxl99zzq": f"exposures here: {A}, {B}, {C}",
    "--proposal 7": "proposals here: 12812",
    f"--proposal {10**25}": "proposals here: 12812",
    "--proposal 99*": "proposals here: 12812",
    "--visit 7*": "visits here: bxl50, bxl51",
    "--exposure x*": f"exposures here: {A}, {B}, {C}",
    "--exclude x*": f"exposures here: {A}, {B}, {C}",
    "--flavour svm": "flavours here: pipeline",
    "--as-of 1990-01-01": "first archive version here",
}


#: An alignment wants a catalogue first, and an audit the files of its run.
HERE = [name for name in PROMISED if name not in ("align run", "sky audit")]


@pytest.mark.parametrize(
    ("leaf", "way"),
    [*(("inspect headers", way) for way in NOTHING), *((leaf, "--filter F6*") for leaf in HERE)],
)
def test_a_selection_of_nothing_says_what_there_is(
    ledger: LedgerDirectory, tmp_path: Path, leaf: str, way: str
) -> None:
    more = {
        "report": [tmp_path / "r.html"],
        "export table": [tmp_path / "t.csv"], "export footprints": [tmp_path / "t.reg"],
        "find": ["--position", "85", "-2"],
        "sky compare": ["--history"],
    }  # fmt: skip
    answer = ledger(*leaf.split(), *more.get(leaf, []), *way.split())
    assert (answer.code, NOTHING[way] in answer.err) == (4, True), answer.err


def test_a_visit_that_two_programs_have_is_refused_with_their_names(
    tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    services = Services.open(f"sqlite:///{tmp_path / 'skydb.sqlite'}", tmp_path / "data")
    book = SmallLedger(services)
    for name in (A, "ibxm50iaq"):
        book.deliver(name)
    services.close()
    ledger = LedgerDirectory(tmp_path)
    for command in ("inspect headers", "status", "todo", "align history", "books list"):
        answer = ledger(*command.split(), "--visit", "50")
        assert (answer.code, "bxl50, bxm50" in answer.err) == (2, True), command
    assert len(ledger.json("inspect", "headers", "--visit", "BXM50")) == 1


def test_an_export_has_the_rows_of_the_selection(ledger: LedgerDirectory, tmp_path: Path) -> None:
    for view, expected in {"v_sky_values": 1, "v_visit_status": 1, "ivoa_obscore": 1}.items():
        words = ("export", tmp_path / f"{view}.csv", "--view", view, "--filter", "f110w")
        assert ledger.json(*words)["rows"] == expected
    refused = ledger("export", tmp_path / "a.csv", "--view", "v_activities", "--filter", "f110w")
    assert (refused.code, "name no exposures" in refused.err) == (2, True)
