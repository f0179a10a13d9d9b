"""Gives lines to the runs that they belong to.

A log holds any number of runs, of both tasks, of any version, one after the other or with
their lines mixed. Every version of TweakReg, and AstroDrizzle up to 3.10, begin a run with a
line that names the task, its version and the time; AstroDrizzle 3.11 begins with its list of
packages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from skydb.files.logs.draft import Draft, Logged
from skydb.files.logs.drizzle import DrizzleBuilder
from skydb.files.logs.events import Meaning
from skydb.files.logs.lines import LogLine
from skydb.files.logs.patterns import STEP, Event, LoggedTask, What
from skydb.files.logs.runs import LogProblem
from skydb.files.logs.tweakreg import TweakRegBuilder
from skydb.files.logs.values import base_name

#: Lines between the remark on the log file and the beginning of a run.
_NEAR = 4
_FIRST_WORDS = frozenset({What.PACKAGE, What.PYTHON, What.VERSIONS_FOLLOW, What.LOG_NAMED})
_BEGINNINGS = frozenset({What.LOG_NAMED, What.BANNER})
#: Events that begin a run, or identify it.
_TELLING = frozenset({What.LOG_NAMED, What.BANNER, What.VERSIONS_FOLLOW, What.TRAILER})
#: Events that end a run, and the texts with which they end.
_ENDS = frozenset({What.TRAILER, What.FINISHED, What.STEP, What.BROKEN})
_WHOLE = (")", ").", ")!", "...")
_FIRST_STEP = ("Initialization", "started")
#: Reason to report a line without a run.
_VALUES = frozenset(
    {
        *(What.APPLIED, What.SKY_CHANGE, What.FINAL_SKY, What.FINISHED, What.BROKEN),
        *(What.SHIFT, What.RMS_PIX, What.OBJECTS, What.FIT, What.NOT_FITTED),
    }
)
#: Lines without a run that are listed.
LONGEST_LIST = 1000
#: Sections and lists that are remembered to be shared; those that name files are all different.
_SHARED = 1000


@dataclass
class OpenRun:
    """A run that is read."""

    draft: Draft
    builder: DrizzleBuilder | TweakRegBuilder | None = None
    has_trailer: bool = False
    first_step: str = ""

    @property
    def name(self) -> str:
        """Heading of the run, with its time."""
        return self.first_step if self.draft.banner is None else self.draft.banner.text.strip()

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.builder is not None and self.builder.is_over

    def is_named(self, text: str) -> bool:
        """Whether a run began with this text."""
        return self.draft.banner is not None and self.name == text

    def become(self, task: LoggedTask) -> None:
        """Make it a run of a task."""
        make = DrizzleBuilder if task is LoggedTask.ASTRODRIZZLE else TweakRegBuilder
        self.builder = make(self.draft)

    @property
    def section(self) -> dict[str, str]:
        """Section that the next parameter belongs to; of a run that is over, none of its own."""
        self.draft.is_fresh = False
        return {} if self.is_over else self.draft.opened

    def take(self, event: Event) -> None:
        """Take an event that belongs to it."""
        if event.what not in _FIRST_WORDS:
            self.draft.is_fresh = False
        if event.what is STEP and not self.first_step:
            self.first_step = event.text.strip()
        if self.builder is None:
            self.draft.take(event)
        else:
            self.builder.take(event)


class _Shared:
    """Sections of parameters and lists of packages that are equal in several runs."""

    def __init__(self) -> None:
        self._texts: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def of(self, run: Logged) -> Logged:
        """The run with those that there are already."""
        if len(self._texts) > _SHARED:
            self._texts.clear()
        for title, section in run.parameters.items():
            run.parameters[title] = self._texts.setdefault(tuple(section.items()), section)
        run.packages = self._texts.setdefault(tuple(run.packages.items()), run.packages)
        return run


class OpenRuns:
    """Runs that are read, and which of them a line belongs to.

    Parameters
    ----------
    checkpoints : collection of int
        See :class:`~skydb.files.logs.reader.RunReader`.
    forget : callable
        Called when a run begins.
    catch_up : callable
        See :class:`~skydb.files.logs.draft.LineDigest`.
    """

    def __init__(
        self,
        checkpoints: Collection[int],
        forget: Callable[[], None],
        catch_up: Callable[[], None],
    ) -> None:
        self.orphans: list[LogProblem] = []
        """Lines with values that stand outside of any run."""
        self.focus: OpenRun | None = None
        """The run of the last line."""
        self.limbo: list[LogLine] = []
        """Lines that may be of a run that begins after them."""
        self.is_repeat = {True: False, False: False}
        """Whether lines with a logger, or without, are of a run that is printed again."""
        self.done: list[Logged] = []
        """Runs of which the log has nothing more."""
        self._checkpoints = checkpoints
        self._forget = forget
        self._catch_up = catch_up
        self._open: dict[LoggedTask, OpenRun] = {}
        self._announced: set[int] = set()
        self._log_name = ""
        self._seen: set[str] = set()
        self._names: set[str] = set()
        self._shared = _Shared()

    @property
    def names(self) -> frozenset[str]:
        """Headings of all runs, also of those that are printed again."""
        return frozenset(self._names.union(run.name for run in self._open.values()))

    def has_met(self, name: str) -> bool:
        """Whether a run has a heading, or had it."""
        return name in self._names

    def are_of(self, task: LoggedTask) -> bool:
        """Whether all runs that are read are of one task, and nothing waits for another run."""
        waits = self.limbo or self._log_name or any(self.is_repeat.values())
        is_begun = self.focus is not None and self.focus.builder is None
        return not waits and not is_begun and self._open.keys() <= {task}

    def may_begin(self, meaning: Meaning) -> bool:
        """Whether an event may begin a run, also after one that is printed again."""
        return meaning[0] in _BEGINNINGS

    def is_of_focus(self, meaning: Meaning) -> bool:
        """Whether an event can be nothing but one more of the run that is read: most are.

        A run that is read is open, and the only open one of its task. Nothing is asked about
        what waits, or is printed again.
        """
        what, task, groups, _ = meaning
        if self.focus is None or what in _TELLING:
            return False
        if what is STEP and groups[:2] == _FIRST_STEP:
            return False
        builder = self.focus.builder
        return task is None or (builder is not None and builder.task is task)

    def is_whole_end(self, text: str, meaning: Meaning | None) -> bool:
        """Whether a text ends a run, and is not cut itself."""
        if meaning is None or meaning[0] not in _ENDS:
            return False
        names = {base_name(run.draft.log_name or "") for run in self._open.values()} - {""}
        if meaning[0] is What.TRAILER and meaning[2][0]:
            return base_name(meaning[2][0]) in names or not names
        return text.rstrip().endswith(_WHOLE)

    def take(self, line: LogLine, event: Event | None) -> None:
        """Take a line, with its event if it has one."""
        if event is None and self.limbo:
            self._keep(line)
        elif event is None and self.focus is not None:
            self.focus.draft.digest.add(line.number, line.text)
        elif event is not None and not self._begins(line, event):
            self._give(line, event)

    def divide(self) -> None:
        """End all runs: the following lines belong to others."""
        for run in list(self._open.values()):
            self._close(run)
        if self.focus is not None:
            self._close(self.focus)
        self.limbo.clear()

    def _keep(self, line: LogLine) -> None:
        """A line without a meaning may come before a run that was announced."""
        self.limbo.append(line)
        if len(self.limbo) > _NEAR:
            self._leave_limbo()

    def _leave_limbo(self) -> None:
        """Continue the run: the remark on the log file does not begin a new one."""
        if self.focus is not None:
            for line in self.limbo:
                self.focus.draft.digest.add(line.number, line.text)
        self.limbo.clear()

    def _begins(self, line: LogLine, event: Event) -> bool:
        """Whether a line begins a run, or announces one."""
        if event.what is What.LOG_NAMED:
            self.limbo.append(line)
            self._announced.add(line.number)
            self._log_name = event.groups[0] or self._log_name
        elif event.what is What.UNREAD and self.limbo:
            self._keep(line)  # It may be a damaged beginning.
        elif event.what is What.BANNER:
            self._begin_named(line, event)
        elif event.what is What.VERSIONS_FOLLOW and not self.is_repeat[event.has_logger]:
            if self.focus is not None and self.focus.draft.is_fresh:
                self._keep_in(self.focus, line)
            else:
                self._begin(line, None)
        else:
            return False
        return True

    def _begin_named(self, line: LogLine, banner: Event) -> None:
        """Begin a run, unless the line that begins it is printed again."""
        text, task = banner.text.strip(), LoggedTask(banner.groups[0])
        self._names.add(text)
        current = self._open.get(task)
        if current is not None and current.draft.is_fresh and current.is_named(text):
            self._keep_in(current, line)
            return
        has_ended = current is not None and current.is_over and current.is_named(text)
        self.is_repeat[banner.has_logger] = has_ended or text in self._seen
        if not self.is_repeat[banner.has_logger]:
            self._begin(line, banner)

    def _begin(self, line: LogLine, banner: Event | None) -> None:
        run = OpenRun(Draft(banner, self._checkpoints, self._catch_up))
        run.draft.problems += [
            LogProblem(one.number, one.text)
            for one in self.limbo
            if one.text.strip() and not one.is_echo and one.number not in self._announced
        ]
        self._announced.clear()
        run.draft.log_name, self._log_name = self._log_name, ""
        self.limbo.clear()
        self._forget()
        if self.focus is not None and self.focus.builder is None:
            self._close(self.focus)
        self.focus = run
        if banner is not None:
            self._become(run, LoggedTask(banner.groups[0]))
        run.draft.digest.add(line.number, line.text)

    def _become(self, run: OpenRun, task: LoggedTask) -> None:
        earlier = self._open.get(task)
        if earlier is not None:
            # A run that was broken off closes its log, and writes no more to it.
            is_closed = earlier.is_over or earlier.has_trailer
            run.draft.interrupts = earlier.draft.interrupts or not is_closed
            self._close(earlier)
        run.become(task)
        self._open[task] = run

    def _keep_in(self, run: OpenRun, line: LogLine) -> None:
        self._leave_limbo()
        run.draft.digest.add(line.number, line.text)

    def _give(self, line: LogLine, event: Event) -> None:
        """Give an event to the run that it belongs to."""
        if self.is_repeat[event.has_logger]:
            return
        if self._is_new_by_its_step(event):
            self._begin(line, None)
            assert self.focus is not None
            self._become(self.focus, LoggedTask.ASTRODRIZZLE)
            self.focus.take(event)
            return
        run = self._owner(event)
        if run is None:
            self._leave_limbo()
            self._orphan(event)
            return
        self._keep_in(run, line)
        self.focus = run
        run.take(event)

    def _is_new_by_its_step(self, event: Event) -> bool:
        """Whether a first step belongs to no run that is known to have begun."""
        if event.what is not What.STEP or event.groups[:2] != _FIRST_STEP:
            return False
        run = self._open.get(LoggedTask.ASTRODRIZZLE)
        if self.focus is not None and self.focus.builder is None:
            return False
        if run is None or run.is_over:
            return True
        assert isinstance(run.builder, DrizzleBuilder)
        return run.builder.run.last_step not in (None, "Initialization")

    def _owner(self, event: Event) -> OpenRun | None:
        task = event.task
        if event.what is What.TRAILER:
            return self._owner_of_trailer(event)
        if task is None:
            return self.focus
        if self.focus is not None and self.focus.builder is None:
            self._become(self.focus, task)
        return self._open.get(task)

    def _owner_of_trailer(self, event: Event) -> OpenRun | None:
        """The run whose log was closed: the one that names the file, or that waits for it."""
        waiting = [run for run in self._open.values() if not run.has_trailer]
        name = base_name(event.groups[0])
        named = [run for run in waiting if name and base_name(run.draft.log_name or "") == name]
        ended = [run for run in waiting if run.is_over]
        found = named if len(named) == 1 else ended if len(waiting) > 1 else waiting
        run = found[0] if found else self.focus
        if run is not None:
            run.has_trailer = True
        return run

    def _orphan(self, event: Event) -> None:
        is_value = event.what in _VALUES or event.what is What.UNREAD
        if is_value and len(self.orphans) < LONGEST_LIST:
            self.orphans.append(LogProblem(event.number, event.text))

    def _close(self, run: OpenRun) -> None:
        if run.builder is None:
            first = run.draft.digest.first or 0
            self.orphans.append(LogProblem(first, "A run begins here, and nothing of it follows"))
        else:
            self._names.add(run.name)
            is_repeat = run.draft.banner is None and run.name in self._seen
            if not is_repeat:
                self.done.append(self._shared.of(run.builder.finish()))
            if run.is_over and run.name:
                self._seen.add(run.name)
            self._open = {task: one for task, one in self._open.items() if one is not run}
        if self.focus is run:
            self.focus = None
