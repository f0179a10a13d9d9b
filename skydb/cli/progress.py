"""Progress bars on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skydb.services.progress import Progress, Quiet

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars


class RichProgress:
    """One bar for each piece of work, kept on the screen when it is over."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: int | None = None

    def begin(self, what: str, total: int | None = None) -> None:
        """Start a bar; one of unknown length pulses."""
        self.end()
        self._task = self._bars.add_task(what, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._bars.task_ids[-1], steps)

    def end(self) -> None:
        """Fill the bar and leave it."""
        if self._task is None:
            return
        task = self._bars.tasks[-1]
        done = task.total if task.total is not None else 1
        self._bars.update(task.id, total=done, completed=done)
        self._task = None


@contextmanager
def progress_on(console: Console, *, wanted: bool) -> Iterator[Progress]:
    """A listener that draws bars on a terminal and is quiet elsewhere."""
    if not wanted or not console.is_terminal:
        yield Quiet()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), console=console) as bars:
        yield RichProgress(bars)
