"""Commands whose options are made when somebody asks for them.

typer makes the options of all commands from their signatures before it runs one of them, which
takes longer than most commands do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, cast

import typer
from typer import main as making
from typer.core import TyperCommand
from typer.models import CommandInfo

_Function = Callable[..., Any]

#: Options of all commands without a value, and with one, that may stand anywhere in a line.
WITHOUT_VALUE = ("--quiet", "--verbose", "--wide")
WITH_VALUE = ("--db", "--data")
ANYWHERE = frozenset({*WITHOUT_VALUE, *WITH_VALUE})

#: Options that choose exposures or what is done with them. Of other options the last value
#: counts, so that a script may add to a line.
_CHOOSING = frozenset(
    {
        *("--visit", "--target", "--filter", "--exposure", "--proposal", "--detector"),
        *("--flavour", "--rootname", "--method", "--kind", "--rule"),
    }
)


class LateCommand(TyperCommand):
    """A command that knows its name and help, and reads its signature when it is used.

    Parameters
    ----------
    function : callable
        Run by the command; its signature has the options.
    **attributes
        Those of a command. `params` and `callback` are left out: both follow from the function.
    """

    def __init__(self, *, function: _Function, **attributes: Any) -> None:  # noqa: ANN401
        self._function = function
        super().__init__(**attributes)

    @cached_property
    def _made(self) -> tuple[list[Any], _Function | None]:
        found = making.get_params_convertors_ctx_param_name_from_function(self._function)
        params, convertors, context_name = found
        callback = making.get_callback(
            callback=self._function,
            params=params,
            convertors=convertors,
            context_param_name=context_name,
            pretty_exceptions_short=False,
        )
        return list(params), callback

    @property
    def params(self) -> list[Any]:
        """The options and arguments."""
        return self._made[0]

    @params.setter
    def params(self, _: object) -> None:
        """Leave what typer found in the stub."""

    @property
    def callback(self) -> _Function | None:
        """The function that runs with the values of the options."""
        return self._made[1]

    @callback.setter
    def callback(self, _: object) -> None:
        """Leave the stub's."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401
        """Options of the command, and those that may stand anywhere in a line."""
        offered = list(super().shell_complete(ctx, incomplete))
        root = ctx.find_root()
        if not incomplete.startswith("-") or root is ctx:
            return offered
        more = root.command.shell_complete(root, incomplete)
        return [*offered, *(one for one in more if one.value in ANYWHERE)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Refuse two values of an option that chooses one: who gives two means both."""
        # The context is of whatever click this typer brings, which has no public name.
        if not ctx.resilient_parsing:
            for param in self.params:
                given = _values(param, args)
                if len(given) > 1 and not _CHOOSING.isdisjoint(param.opts):
                    name, listed = max(param.opts, key=len), " and ".join(map(repr, given))
                    ctx.fail(f"{name} takes one value and is given {listed}.")
        return list(super().parse_args(ctx, args))


def _values(param: Any, args: list[str]) -> list[str]:  # noqa: ANN401
    """The different values that a line gives to an option that takes one; none of a flag."""
    if param.param_type_name != "option" or param.is_flag or param.multiple or param.nargs != 1:
        return []
    words = args[: args.index("--")] if "--" in args else args
    after = [second for first, second in pairwise(words) if first in param.opts]
    joined = [
        word.partition("=")[2]
        for word in words
        if word.partition("=")[0] in param.opts and "=" in word
    ]
    return list(dict.fromkeys([*after, *joined]))


def late(app: typer.Typer) -> None:
    """Have the commands of an application, and of its groups, read their signatures late."""
    for command in app.registered_commands:
        _delay(command)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.short_help = _first_sentence(group.typer_instance.info.help)
            late(group.typer_instance)


def _first_sentence(text: str | None) -> str:
    """The first sentence of a help text, whole: lists of commands fold it and do not cut it."""
    first = " ".join((text or "").strip().partition("\n\n")[0].split())
    sentence, _, _ = first.partition(". ")
    return sentence if sentence.endswith(".") else f"{sentence}."


def _delay(command: CommandInfo) -> None:
    function = command.callback
    if function is None or isinstance(command.cls, partial):
        return

    def stub() -> None:
        """Stand for the function while the tree of commands is made."""

    stub.__name__, stub.__doc__ = function.__name__, function.__doc__
    stub.__module__ = function.__module__
    command.callback, command.short_help = stub, _first_sentence(function.__doc__)
    made = partial(LateCommand, function=function)
    command.cls = cast("type[TyperCommand]", made)
