"""Errors and remarks that a program gets: errors of skydb, in the words of Python."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import skydb
from skydb.api.boundary import guarded
from skydb.api.ledger import Ledger
from skydb.api.results import DrawnResult, Result
from skydb.domain.calls import call_of
from skydb.domain.spelling import FLAGS, in_python, own_errors
from skydb.errors import DiskError, SkydbError, UnreadableFileError, UsageError
from skydb.report.output import write_atomic
from skydb.simulate import calling

PACKAGE = Path(skydb.__file__).parent

#: Layers whose messages a program may get.
LAYERS = (
    *("api", "services", "domain", "store", "files", "sky", "drizzle", "archive", "report"),
    *("simulate", "errors.py"),
)
#: Options that are not skydb's, and those of the terminal.
FOREIGN = {
    "skydb/store/pgdump.py": "pg_dump",
    "skydb/report/console.py": "tables of the terminal",
    "skydb/simulate/headers.py": "two hyphens in a comment",
    "skydb/services/bookkeeping/todo.py": "commands to type",
    "skydb/services/bookkeeping/refused.py": "commands to type",
}
#: Commands without a method: they are typed before a ledger is opened.
TYPED = {"skydb init", "skydb db copy", "skydb simulate DIR", "skydb"}
#: Words of options that are no argument of a method.
OF_TOOLS = {"fitgeometry", "data", "inputs()"}

OPTION = re.compile(r"(?<![\w-])--(?:no-)?[a-z][a-z-]*[a-z]")


def _said(tree: ast.AST) -> Iterator[str]:
    """Texts of a module but its docstrings, with a number for what is filled in."""
    documented = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    parts = {id(one) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for one in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(getattr(one, "value", "")) if isinstance(one, ast.Constant) else "12"
                          for one in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and id(node) not in documented | parts:
            yield str(node.value)


@cache
def _messages() -> list[tuple[str, str]]:
    files = [path for layer in LAYERS for path in sorted((PACKAGE / layer).rglob("*.py"))]
    return [
        (f"skydb/{path.relative_to(PACKAGE)}", text)
        for path in [*files, PACKAGE / "errors.py"]
        for text in _said(ast.parse(path.read_text(encoding="utf-8")))
    ]


def _arguments() -> set[str]:
    """Arguments of all methods of a ledger, and of functions that need none."""
    modules = [import_module(f"skydb.api.{path.stem}") for path in (PACKAGE / "api").glob("*.py")]
    kinds = [kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)]
    methods = [one for kind in kinds for one in vars(kind).values() if inspect.isfunction(one)]
    words = {word for kind in kinds for word in getattr(kind, "__annotations__", ())}
    functions = [calling.simulate, calling.redeliver, calling.serve, skydb.open]
    return words | {
        name for one in (*methods, *functions) for name in inspect.signature(one).parameters
    }


def test_every_option_in_a_message_is_a_word_of_a_method() -> None:
    known = _arguments() | OF_TOOLS
    lost = [
        (place, option)
        for place, text in _messages()
        if place not in FOREIGN
        for option in OPTION.findall(re.sub("`[^`]*`", "", text))
        if in_python(option).partition("=")[0] not in known
    ]
    assert lost == []


def test_options_without_a_value_are_true_or_false_in_a_call() -> None:
    modules = [import_module(f"skydb.api.{path.stem}") for path in (PACKAGE / "api").glob("*.py")]
    kinds = [kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)]
    methods = [one for kind in kinds for one in vars(kind).values() if inspect.isfunction(one)]
    flags = {
        f"{name}=True"
        for method in (*methods, calling.simulate)
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.annotation == "bool"
    }
    assert {in_python(f"--{one}") for one in FLAGS} <= flags


def test_every_command_in_a_message_becomes_a_call() -> None:
    commands = {
        command for _, text in _messages() for command in re.findall("`(skydb [^`]*)`", text)
    }
    assert {command for command in commands if call_of(command) is None} == TYPED - {"skydb"}


class _Refusing:
    """Pictures whose directory cannot be made."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __getattr__(self, _: str) -> Callable[..., Any]:
        return lambda *_, **__: self.place.mkdir()


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A place below a file."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "out"


@pytest.fixture
def ledger(blocked: Path) -> Ledger:
    """A ledger for programs without a database, whose pictures cannot be written."""
    made: Any = Ledger(lambda: SimpleNamespace(), _Refusing(blocked), SimpleNamespace())  # type: ignore[arg-type]
    made.is_for_python = True
    return made


def test_a_directory_that_cannot_be_made_is_an_error_of_skydb(
    ledger: Ledger, blocked: Path
) -> None:
    with pytest.raises(DiskError) as caught:
        ledger.align.plot(3, blocked)
    assert str(blocked) in caught.value.what and "Not a directory" in caught.value.what
    assert caught.value.advice and isinstance(caught.value.__cause__, NotADirectoryError)


def test_pictures_of_a_result_that_cannot_be_written_are_one_too(blocked: Path) -> None:
    drawn = DrawnResult([], draw=lambda: blocked.mkdir(), write=lambda out: out.mkdir())
    for call in (drawn.plot, lambda: drawn.write(blocked)):
        with pytest.raises(DiskError, match="Not a directory"):
            call()


def test_a_file_that_cannot_be_written_is_named_and_not_its_draft(blocked: Path) -> None:
    with pytest.raises(DiskError, match=re.escape(f"{blocked} cannot be written: ")) as caught:
        write_atomic(blocked, b"")
    assert caught.value.advice


def test_a_field_that_cannot_be_written_has_advice(blocked: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be used") as caught:
        skydb.simulate(blocked, tiles="1x1", dithers=1, size=64)
    assert caught.value.advice


def test_a_field_that_is_there_is_refused_in_words_of_python(tmp_path: Path) -> None:
    (tmp_path / "truth.json").touch()
    with pytest.raises(UsageError, match="use overwrite"):
        skydb.simulate(tmp_path, tiles="1x1", dithers=1, size=64)


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda db: db.align.run(refcat="gaia", minobj=3), "options={'minobj': 3}"),
        (lambda db: db.align.run(refcat="gaia", minob=3), "options={'minobj': 3}"),
        (lambda db: db.sky.run(final_scale=0.1), "options={'final_scale': 0.1}"),
        (lambda db: db.align.run(refcatt="gaia"), "Is it refcat"),
        (lambda db: db.inspect.headers(visits="50"), "Is it visit?"),
        (lambda db: db.fetch(obsid="i*"), "Is it obs_id"),
        (lambda db: db.inspect.headers(minobj=3), "Is it as_of or detector"),
    ],
)
def test_words_that_a_method_does_not_take_are_answered_with_the_nearest(
    call: Callable[[Any], object], meant: str, ledger: Ledger
) -> None:
    with pytest.raises(UsageError, match="There is no option") as caught:
        call(ledger)
    assert meant in caught.value.advice


class _Remarking(Ledger):
    def todo(self, *_: Any, **__: Any) -> Result:  # type: ignore[override]
        return Result([], remarks=["See `skydb align show 4`, or leave out --strict."])


def test_remarks_have_the_words_of_the_caller(ledger: Ledger) -> None:
    ask = guarded(_Remarking.todo)
    assert ask(ledger).remarks == ("See `db.align.show(4)`, or leave out strict.",)  # type: ignore[arg-type]
    ledger.is_for_python = False
    assert ask(ledger).remarks == ("See `skydb align show 4`, or leave out --strict.",)  # type: ignore[arg-type]


class _Asking(Ledger):
    @contextmanager
    def asking(self, statement: str, **_: Any) -> Iterator[Any]:
        if not statement:
            raise UsageError("Nothing is asked.", advice="Use --timeout 3.")
        yield statement


def test_errors_of_a_block_have_the_words_of_the_caller_and_others_are_its_own(
    ledger: Ledger,
) -> None:
    ask: Any = guarded(_Asking.asking)
    with pytest.raises(UsageError, match="Use timeout_s 3"), ask(ledger, ""):
        pass
    with pytest.raises(UsageError, match="Leave out strict"), ask(ledger, "SELECT 1"):
        raise UsageError("No.", advice="Leave out --strict.")
    with pytest.raises(FileNotFoundError), ask(ledger, "SELECT 1") as answer:
        Path(answer).read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [UsageError("It is gzipped."), OSError(28, "Full", "x.fits")])
def test_notes_on_an_error_stay_with_it_in_the_words_of_python(error: Exception) -> None:
    error.add_note("To write headers: `skydb align accept 3 --write-headers`.")
    with pytest.raises(SkydbError) as caught, own_errors(is_for_python=True):
        raise error
    assert caught.value.__notes__ == ["To write headers: `db.align.accept(3, write_headers=True)`."]


def test_a_disk_that_astropy_found_full_is_said_in_one_sentence() -> None:
    said = "Not enough space on disk: requested 1048576, available 0. 65536 requested and 5 written"
    refused = DiskError.of(OSError(f"Not enough space on disk: requested 9, available 0. {said}"))
    assert str(refused) == "No space left on device. Free some space, and repeat the command."
