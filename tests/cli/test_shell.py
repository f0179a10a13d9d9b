"""Messages, colours and exit codes of a command."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from skydb.api.ledger import Ledger
from skydb.api.progress import Quiet
from skydb.cli.main import run
from skydb.cli.shell import FLAGGED, Shell
from skydb.errors import StateError
from tests.commands import LedgerDirectory

NOT_FOUND = 4


@pytest.mark.parametrize("sentence", ["", "two of three were left out"])
def test_a_flag_says_its_sentence_and_ends_with_5(capsys, sentence):
    with pytest.raises(typer.Exit) as ended:
        Shell().flag(sentence=sentence)
    assert ended.value.exit_code == FLAGGED == 5
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", sentence)


def test_nothing_to_flag_is_nothing_said(capsys):
    Shell().flag(when=False, sentence="never")
    assert capsys.readouterr() == ("", "")


def test_no_control_character_of_a_name_comes_to_the_terminal(capsys, tmp_path):
    name = "x\x1b]0;owned\x07\x1b[31m.csv"
    url = f"sqlite:///{tmp_path / 'l.sqlite'}"
    assert run(["--db", url, "init"]) == 0
    assert run(["--db", url, "refcat", "import", str(tmp_path / name)]) == NOT_FOUND
    Shell().say(f"{name} is gone")
    said = capsys.readouterr().err
    assert r"x\x1b]0;owned\x07\x1b[31m.csv" in said
    assert all(character.isprintable() or character == "\n" for character in said)


@pytest.mark.parametrize(
    "error",
    [
        StateError("It is gzipped.", advice="Unpack it."),
        OSError(errno.EROFS, "Read-only", "x.fits"),
    ],
)
def test_a_note_on_an_error_follows_its_sentence(capsys, monkeypatch, error):
    def command(*_, **__):
        error.add_note("The fits of run 3 are accepted.")
        raise error

    monkeypatch.setattr("skydb.cli.app.command_tree", lambda _: command)
    assert run(["status"]) == 1
    assert capsys.readouterr().err.endswith(". The fits of run 3 are accepted.\n")


class _Restored(list[dict[str, Any]]):
    remarks = ("a_flt.fits has another delivery now: `skydb ingest` records it.",)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_headers_that_were_not_put_back_are_named_and_end_with_5(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    headers = SimpleNamespace(restore=lambda number: _Restored([{"path": f"b{number}.fits"}]))
    ledger: Any = Ledger(lambda: SimpleNamespace(headers=headers, close=list), None, None)  # type: ignore[arg-type, return-value]
    monkeypatch.setattr("skydb.lazy_ledger", lambda *_, **__: ledger)
    for command in (["restore-headers"], ["sky", "restore-headers"]):
        assert run([*command, "run:12", *words]) == FLAGGED
        said = capsys.readouterr()
        assert _Restored.remarks[0] in said.err
        if words:
            assert json.loads(said.out) == [{"path": "b12.fits"}]
    monkeypatch.setattr(_Restored, "remarks", ())
    assert run(["restore-headers", "12"]) == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("report", "page.html"), "Tables and pictures"),
        (("sky", "display", "7", "--out", "x.png"), "Drawing mosaics"),
        (("align", "plot", "7", "--out", "figures"), "Drawing fits"),
        (("export", "footprints", "map.png"), "Footprints"),
        (("export", "prov", "all.json", "run:7"), "Writing lineages"),
        (("restore-headers", "7"), "Writing headers"),
        (("sky", "write-headers", "7"), "Writing headers"),
    ],
)
def test_drawing_shows_that_it_goes_on_and_ends_well_or_badly(
    ledger: LedgerDirectory, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], what: str
) -> None:
    heard: list[str] = []

    class Listener(Quiet):
        def begin(self, what: str, total: int | None = None, *, in_bytes: bool = False) -> None:
            heard.append(what)

        def end(self) -> None:
            heard.append("end")

    @contextmanager
    def listening(_: object, *, wanted: bool) -> Iterator[Quiet]:
        yield Listener() if wanted else Quiet()

    monkeypatch.setattr("skydb.cli.progress.progress_on", listening)
    monkeypatch.chdir(ledger.path)
    assert ledger(*words).code in (4, 5)
    assert (heard[0], heard[-1]) == (what, "end")
    heard.clear()
    ledger(*words, "--json")
    assert heard == []
