"""Signatures are read when their command is used, and say the same then."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from skydb.cli.late import LateCommand, late


def _sizes(app: typer.Typer) -> LateCommand:
    group = typer.main.get_command(app)
    command = group.commands["size"]  # type: ignore[attr-defined]
    assert isinstance(command, LateCommand)
    return command


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.command("size")
    def size(width: int, *, tall: Annotated[bool, typer.Option("--tall")] = False) -> None:
        """Say a size."""
        typer.echo(f"{width} {tall}")

    @app.command("colour")
    def colour(
        ink: Annotated[str, typer.Option("--filter", "-i")] = "none",
        also: Annotated[list[str] | None, typer.Option("--also")] = None,
        out: Annotated[str, typer.Option("--out")] = "",
    ) -> None:
        """Say a colour."""
        typer.echo(f"{ink} {also}{out}")

    @app.command("other")
    def other() -> None:
        """Say nothing."""

    late(app)
    return app


def test_a_signature_is_not_read_for_the_list_of_commands(app) -> None:
    command = _sizes(app)
    assert command.get_short_help_str() == "Say a size."
    assert "_made" not in vars(command)


def test_options_and_arguments_are_those_of_the_function(app, capsys) -> None:
    assert [one.name for one in _sizes(app).params] == ["width", "tall"]
    with pytest.raises(SystemExit) as end:
        app(["size", "3", "--tall"])
    assert end.value.code == 0
    assert capsys.readouterr().out == "3 True\n"


def test_a_wrong_argument_is_refused_as_ever(app, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        app(["size", "wide"])
    assert end.value.code == 2
    assert "'wide' is not a valid" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        ["--filter", "red", "--filter", "blue"],
        ["--filter=red", "-i", "blue"],
        ["--filter", "red", "--also", "x", "--filter=blue"],
    ],
)
def test_an_option_for_one_value_that_is_given_two_is_refused(app, capsys, line) -> None:
    with pytest.raises(SystemExit) as end:
        app(["colour", *line])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "--filter takes one value and is given" in said
    assert "red" in said
    assert "blue" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--filter", "red", "--filter", "red"], "red None\n"),
        (["--also", "a", "--also", "b"], "none ['a', 'b']\n"),
        (["--out", "a.png", "--out=b.png"], "none Noneb.png\n"),
    ],
)
def test_an_option_may_be_repeated_where_it_chooses_nothing(app, capsys, line, said) -> None:
    with pytest.raises(SystemExit) as end:
        app(["colour", *line])
    assert end.value.code == 0
    assert capsys.readouterr().out == said


def test_groups_are_made_late_too() -> None:
    root, inner = typer.Typer(), typer.Typer()
    inner.command("a")(lambda: None)
    inner.command("b")(lambda: None)
    root.add_typer(inner, name="inner")
    late(root)
    group = typer.main.get_command(root)
    found = group.commands["inner"].commands["a"]  # type: ignore[attr-defined]
    assert isinstance(found, LateCommand)
