"""Progress bars on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.progress import Progress, Quiet
from skydb.report.tables import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import Task, TaskID

    from skydb.api.ledger import Ledger
    from skydb.api.results import DrawnResult


class Remarks(Quiet):
    """No bars, but every remark: where stderr is a file, or bars are not wanted."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def remark(self, sentence: str) -> None:
        """Print what is said."""
        self._console.print(printable(sentence), markup=False, highlight=False, soft_wrap=True)


class RichProgress:
    """One bar for each piece of work, kept on the screen when it is over."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._in_bytes = False

    def begin(self, what: str, total: int | None = None, *, in_bytes: bool = False) -> None:
        """Start a bar; one of unknown length pulses."""
        self.end()
        self._in_bytes = in_bytes
        self._task = self._bars.add_task(what, total=total, in_bytes=in_bytes)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._task, steps)

    def end(self) -> None:
        """Fill the bar and leave it."""
        if self._task is None:
            return
        task = next(task for task in self._bars.tasks if task.id == self._task)
        done = task.total if task.total is not None else 1
        self._bars.update(task.id, total=done, completed=done)
        self._task = None

    def remark(self, sentence: str) -> None:
        """Print what is said, above the bars."""
        self._bars.console.print(printable(sentence), markup=False, highlight=False, soft_wrap=True)

    def part(self, what: str, total: int | None = None) -> RichPart:
        """Start a bar below, which goes when its thing is over."""
        task = self._bars.add_task(f"  {what}", total=total, in_bytes=self._in_bytes)
        return RichPart(self._bars, task)


class RichPart:
    """The bar of one of several things that go on at the same time."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        self._bars.advance(self._task, steps)

    def end(self) -> None:
        """Take the bar away."""
        self._bars.remove_task(self._task)


def _amount(task: Task) -> str:
    """Amount done and total."""
    from rich.filesize import decimal

    show = decimal if task.fields.get("in_bytes") else str
    total = "?" if task.total is None else show(int(task.total))
    return f"{show(int(task.completed))}/{total}"


@contextmanager
def progress_on(console: Console, *, wanted: bool) -> Iterator[Progress]:
    """A listener that draws bars on a terminal and is quiet elsewhere."""
    if not wanted or not console.is_terminal:
        yield Remarks(console)
        return
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_amount(task))

    columns = (TextColumn("{task.description:<28}"), BarColumn(), Amount())
    with Bars(*columns, TimeElapsedColumn(), console=console) as bars:
        yield RichProgress(bars)


@contextmanager
def working(ledger: Ledger, what: str) -> Iterator[None]:
    """Show that work goes on of which no steps are counted, such as the drawing of pictures."""
    listener = ledger.progress or Quiet()
    listener.begin(what)
    try:
        yield
    finally:
        listener.end()


def drawn(ledger: Ledger, result: DrawnResult, out: Path | None, what: str) -> list[Path]:
    """Write the pictures of a result, if a place is named for them, and show that it goes on."""
    if out is None:
        return []
    with working(ledger, what):
        return result.write(out)
