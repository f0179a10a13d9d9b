"""Finds the runs in a log: lines become events, events are given to the run they belong to.

A log holds any number of runs, of both tasks, of any version, one after the other or with
their lines mixed. Every version of TweakReg, and AstroDrizzle up to 3.10, begin a run with a
line that names the task, its version and the time; AstroDrizzle 3.11 begins with its list of
packages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from skydb.files.logs.draft import Draft, Logged
from skydb.files.logs.drizzle import DrizzleBuilder
from skydb.files.logs.events import EventFinder, Meaning, task_of_section
from skydb.files.logs.lines import USUAL, USUAL_LENGTH, LineCleaner, LogLine
from skydb.files.logs.patterns import Event, LoggedTask, What
from skydb.files.logs.runs import LogProblem
from skydb.files.logs.tweakreg import TweakRegBuilder
from skydb.files.logs.values import base_name

#: Lines between the remark on the log file and the beginning of a run.
_NEAR = 4
_FIRST_WORDS = frozenset({What.PACKAGE, What.PYTHON, What.VERSIONS_FOLLOW, What.LOG_NAMED})
#: Events that begin a run, or identify it.
_TELLING = frozenset(
    {
        *(What.LOG_NAMED, What.BANNER, What.VERSIONS_FOLLOW),
        *(What.STEP, What.SECTION, What.TRAILER),
    }
)
#: Reason to report a line without a run.
_VALUES = frozenset(
    {
        *(What.APPLIED, What.SKY_CHANGE, What.FINAL_SKY, What.FINISHED, What.BROKEN),
        *(What.SHIFT, What.RMS_PIX, What.OBJECTS, What.FIT, What.NOT_FITTED),
    }
)
_LONGEST_LIST = 1000
#: Sections and lists that are remembered to be shared; those that name files are all different.
_SHARED = 1000
#: Parameters of which a builder looks at the value.
_CHECKED = frozenset({"skymethod"})
#: In place of the meaning of a line that has not come before.
_NEW = (What.UNREAD, None, (), None)


@dataclass
class _OpenRun:
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
        return self.builder is not None and self.builder.is_over

    def is_named(self, text: str) -> bool:
        """Whether a run began with this text."""
        return self.draft.banner is not None and self.name == text

    def become(self, task: LoggedTask) -> None:
        """Make it a run of a task."""
        make = DrizzleBuilder if task is LoggedTask.ASTRODRIZZLE else TweakRegBuilder
        self.builder = make(self.draft)

    def has_taken(self, name: str, value: str) -> bool:
        """Take a parameter, as most lines are; not one that is checked."""
        if name in _CHECKED:
            return False
        self.draft.is_fresh = False
        if not self.is_over:
            self.draft.set_parameter(name, value)
        return True

    def take(self, event: Event) -> None:
        if event.what not in _FIRST_WORDS:
            self.draft.is_fresh = False
        if event.what is What.STEP and not self.first_step:
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


class RunReader:
    """Reads the runs of one log.

    Parameters
    ----------
    checkpoints : collection of int
        Numbers of lines of a run after which its checksum is wanted, to know it again.
    """

    def __init__(self, checkpoints: Collection[int] = ()) -> None:
        self.orphans: list[LogProblem] = []
        """Lines with values that stand outside of any run."""
        self._checkpoints = checkpoints
        self._cleaner = LineCleaner()
        self._open: dict[LoggedTask, _OpenRun] = {}
        self._focus: _OpenRun | None = None
        self._limbo: list[LogLine] = []
        self._announced: set[int] = set()
        self._log_name = ""
        self._seen: set[str] = set()
        self._is_repeat = {True: False, False: False}
        self._done: list[Logged] = []
        self._shared = _Shared()

    def runs(self, lines: Iterable[tuple[int, str]]) -> Iterator[Logged]:
        """Every run, when the log has nothing more of it.

        Parameters
        ----------
        lines : iterable of (int, str)
            Numbers, counted from 1, and texts.
        """
        finder, strip, echoes = EventFinder(), self._cleaner.strip, self._cleaner.echoes
        for number, line in lines:
            # Calls cost more than all else of a line, and there are millions.
            if line.startswith(USUAL):
                text, has_logger = line[USUAL_LENGTH:], False
            else:
                text, has_logger = strip(line)
            if text and (has_logger or echoes.is_doubled):
                is_echo = echoes.is_repeated(text, has_logger)
            else:
                is_echo = False
                echoes.before.append(text)
            if is_echo:
                self._take(LogLine(number, text, has_logger, is_echo), None)
            elif finder.follows is not None or not self._is_quick(
                number, text, has_logger, finder.known.get(text, _NEW)
            ):
                event = finder.find(number, text, has_logger)
                if event is None or not self._is_taken(event):
                    self._take(LogLine(number, text, has_logger, is_echo), event)
            if self._done:
                yield from self._done
                self._done.clear()
        self.divide()
        yield from self._done
        self._done.clear()

    def _is_quick(self, number: int, text: str, has_logger: bool, meaning: Meaning | None) -> bool:
        """Take a line without a meaning, or with a parameter, for the run that is read."""
        focus = self._focus
        if self._limbo or (meaning is not None and meaning[0] is not What.PARAMETER):
            return False
        if focus is None:
            return meaning is None
        if meaning is not None:
            name, value = meaning[2]
            if self._is_repeat[has_logger] or not focus.has_taken(name, value):
                return False
        focus.draft.digest.add(number, text)
        return True

    def _is_taken(self, event: Event) -> bool:
        """Take an event that can be nothing but one more of the run that is read: most are."""
        if self._limbo or self._focus is None or not self._is_of_focus(event):
            return False
        self._focus.draft.digest.add(event.number, event.text)
        self._focus.take(event)
        return True

    def _take(self, line: LogLine, event: Event | None) -> None:
        """Take any other line, with its event if it has one."""
        if event is None and self._limbo:
            self._keep(line)
        elif event is None and self._focus is not None:
            self._focus.draft.digest.add(line.number, line.text)
        elif event is not None and not self._begins(line, event):
            self._give(line, event)

    def _is_of_focus(self, event: Event) -> bool:
        """Whether an event is of the run that is read, whatever else is open.

        A run that is read is open, and the only open one of its task.
        """
        focus = self._focus
        if focus is None or event.what in _TELLING or self._is_repeat[event.has_logger]:
            return False
        return event.task is None or (
            focus.builder is not None and focus.builder.task is event.task
        )

    def divide(self) -> None:
        """End all runs: the following lines belong to others."""
        for run in list(self._open.values()):
            self._close(run)
        if self._focus is not None:
            self._close(self._focus)
        self._limbo.clear()

    def _keep(self, line: LogLine) -> None:
        """A line without a meaning may come before a run that was announced."""
        self._limbo.append(line)
        if len(self._limbo) > _NEAR:
            self._leave_limbo()

    def _leave_limbo(self) -> None:
        """Continue the run: the remark on the log file does not begin a new one."""
        if self._focus is not None:
            for line in self._limbo:
                self._focus.draft.digest.add(line.number, line.text)
        self._limbo.clear()

    def _begins(self, line: LogLine, event: Event) -> bool:
        """Whether a line begins a run, or announces one."""
        if event.what is What.LOG_NAMED:
            self._limbo.append(line)
            self._announced.add(line.number)
            self._log_name = event.groups[0] or self._log_name
        elif event.what is What.UNREAD and self._limbo:
            self._keep(line)  # It may be a damaged beginning.
        elif event.what is What.BANNER:
            self._begin_named(line, event)
        elif event.what is What.VERSIONS_FOLLOW and not self._is_repeat[event.has_logger]:
            if self._focus is not None and self._focus.draft.is_fresh:
                self._keep_in(self._focus, line)
            else:
                self._begin(line, None)
        else:
            return False
        return True

    def _begin_named(self, line: LogLine, banner: Event) -> None:
        """Begin a run, unless the line that begins it is printed again."""
        text, task = banner.text.strip(), LoggedTask(banner.groups[0])
        current = self._open.get(task)
        if current is not None and current.draft.is_fresh and current.is_named(text):
            self._keep_in(current, line)
            return
        has_ended = current is not None and current.is_over and current.is_named(text)
        self._is_repeat[banner.has_logger] = has_ended or text in self._seen
        if not self._is_repeat[banner.has_logger]:
            self._begin(line, banner)

    def _begin(self, line: LogLine, banner: Event | None) -> None:
        run = _OpenRun(Draft(banner, self._checkpoints))
        run.draft.problems += [
            LogProblem(one.number, one.text)
            for one in self._limbo
            if one.text.strip() and not one.is_echo and one.number not in self._announced
        ]
        self._announced.clear()
        run.draft.log_name, self._log_name = self._log_name, ""
        self._limbo.clear()
        self._cleaner.forget()
        if self._focus is not None and self._focus.builder is None:
            self._close(self._focus)
        self._focus = run
        if banner is not None:
            self._become(run, LoggedTask(banner.groups[0]))
        run.draft.digest.add(line.number, line.text)

    def _become(self, run: _OpenRun, task: LoggedTask) -> None:
        earlier = self._open.get(task)
        if earlier is not None:
            self._close(earlier)
        run.become(task)
        self._open[task] = run

    def _keep_in(self, run: _OpenRun, line: LogLine) -> None:
        self._leave_limbo()
        run.draft.digest.add(line.number, line.text)

    def _give(self, line: LogLine, event: Event) -> None:
        """Give an event to the run that it belongs to."""
        if self._is_repeat[event.has_logger]:
            return
        if self._is_new_by_its_step(event):
            self._begin(line, None)
            assert self._focus is not None
            self._become(self._focus, LoggedTask.ASTRODRIZZLE)
            self._focus.take(event)
            return
        run = self._owner(event)
        if run is None:
            self._leave_limbo()
            self._orphan(event)
            return
        self._keep_in(run, line)
        self._focus = run
        run.take(event)

    def _is_new_by_its_step(self, event: Event) -> bool:
        """Whether a first step belongs to no run that is known to have begun."""
        if event.what is not What.STEP or event.groups[:2] != ("Initialization", "started"):
            return False
        run = self._open.get(LoggedTask.ASTRODRIZZLE)
        if self._focus is not None and self._focus.builder is None:
            return False
        if run is None or run.is_over:
            return True
        assert isinstance(run.builder, DrizzleBuilder)
        return run.builder.run.last_step not in (None, "Initialization")

    def _owner(self, event: Event) -> _OpenRun | None:
        task = task_of_section(event.groups[0]) if event.what is What.SECTION else event.task
        if event.what is What.TRAILER:
            return self._owner_of_trailer(event)
        if task is None:
            return self._focus
        if self._focus is not None and self._focus.builder is None:
            self._become(self._focus, task)
        return self._open.get(task)

    def _owner_of_trailer(self, event: Event) -> _OpenRun | None:
        """The run whose log was closed: the one that names the file, or that waits for it."""
        waiting = [run for run in self._open.values() if not run.has_trailer]
        name = base_name(event.groups[0])
        named = [run for run in waiting if name and base_name(run.draft.log_name or "") == name]
        ended = [run for run in waiting if run.is_over]
        found = named if len(named) == 1 else ended if len(waiting) > 1 else waiting
        run = found[0] if found else self._focus
        if run is not None:
            run.has_trailer = True
        return run

    def _orphan(self, event: Event) -> None:
        is_value = event.what in _VALUES or event.what is What.UNREAD
        if is_value and len(self.orphans) < _LONGEST_LIST:
            self.orphans.append(LogProblem(event.number, event.text))

    def _close(self, run: _OpenRun) -> None:
        if run.builder is None:
            first = run.draft.digest.first or 0
            self.orphans.append(LogProblem(first, "A run begins here, and nothing of it follows"))
        else:
            is_repeat = run.draft.banner is None and run.name in self._seen
            if not is_repeat:
                self._done.append(self._shared.of(run.builder.finish()))
            if run.is_over and run.name:
                self._seen.add(run.name)
            self._open = {task: one for task, one in self._open.items() if one is not run}
        if self._focus is run:
            self._focus = None
