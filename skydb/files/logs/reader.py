"""Finds the runs in a log: lines become events, events are given to the run they belong to.

Most lines are of the run that is read, whatever they mean: they are given to it together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from skydb.files.logs.blocks import Block, Glossary
from skydb.files.logs.draft import Logged
from skydb.files.logs.events import EventFinder, Known
from skydb.files.logs.lines import LineCleaner, LogLine
from skydb.files.logs.openruns import OpenRuns
from skydb.files.logs.patterns import PARAMETER, Event, LoggedTask
from skydb.files.logs.runs import LogProblem
from skydb.files.logs.unwrap import CutWatch

_FEW_ECHOES = (
    "is the same as an earlier line with another prefix and is left out as its repetition, but "
    "most lines of the run are there once: a fit or a sky may be lost from here on"
)


class RunReader:
    """Reads the runs of one log.

    Parameters
    ----------
    checkpoints : collection of int
        Numbers of lines of a run after which its checksum is wanted, to know it again.
    watch : CutWatch, optional
        Looks for lines that are cut, where that is not known yet.
    """

    def __init__(self, checkpoints: Collection[int] = (), watch: CutWatch | None = None) -> None:
        self._cleaner = LineCleaner()
        self._echoes = self._cleaner.echoes
        self._glossary = Glossary(self._cleaner)
        self._finder = EventFinder()
        self._runs = OpenRuns(checkpoints, self._forget, self._catch_up)
        self.doubts: list[LogProblem] = []
        """Lines at which others may be lost, each with the reason."""
        self._first_echo: int | None = None
        self._watch = watch
        self._numbers: Sequence[int] = ()
        self._texts: list[str] = []
        self._begin = self._end = 0
        """Lines of the block that are of the run that is read, and were not given to it yet."""

    @property
    def orphans(self) -> list[LogProblem]:
        """Lines with values that stand outside of any run."""
        return self._runs.orphans

    def runs(self, blocks: Iterable[Block]) -> Iterator[Logged]:
        """Every run, when the log has nothing more of it.

        Parameters
        ----------
        blocks : iterable of Block
            All lines of the log.
        """
        yield from self.read(blocks)
        yield from self.end()

    def read(self, blocks: Iterable[Block]) -> Iterator[Logged]:
        """Runs that are complete after some lines of the log."""
        for block in blocks:
            if self._watch is not None and (problem := self._watch.problem(block)):
                self.doubts.append(problem)
            if block.is_ended or self._is_sure(block.lines[-1]):
                self._read(block)
            yield from self._runs.done
            self._runs.done.clear()

    def end(self) -> Iterator[Logged]:
        """Runs that are left when the log has no more lines."""
        self._doubt_echoes()
        self._runs.divide()
        yield from self._runs.done
        self._runs.done.clear()

    def has_met(self, name: str) -> bool:
        """Whether a run began with a line."""
        return self._runs.has_met(name)

    @property
    def names(self) -> frozenset[str]:
        """First lines of the runs, by which one that is printed again is known."""
        return self._runs.names

    @property
    def is_regular(self) -> bool:
        """Whether the log has one kind of prefix only, no line twice, and nothing lost."""
        return not self.doubts and self._cleaner.learned is None and not self._echoes.is_doubled

    def is_done_before(self, task: LoggedTask) -> bool:
        """Whether the run of a task that begins now ends all that was read before it."""
        return self.is_regular and self._finder.follows is None and self._runs.are_of(task)

    def _is_sure(self, line: str) -> bool:
        """Whether a line without a line end is the end of a run; any other may be cut."""
        (text,), special = self._glossary.look_up([line])
        meaning = special[0][1].meaning if special else None
        return self._runs.is_whole_end(text, meaning) or self._finder.is_exception(text)

    def _read(self, block: Block) -> None:
        runs, finder = self._runs, self._finder
        self._numbers, self._begin, self._end = block.numbers, 0, 0
        self._texts, lines = self._glossary.look_up(block.lines)
        for place, reason in self._glossary.doubts:
            self.doubts.append(LogProblem(block.numbers[place], reason))
        is_plain, section = self._is_plain, None
        for place, line in lines:
            if not is_plain:
                is_plain, section = self._walk(place), None
            meaning = line.meaning
            if not is_plain or line.has_logger or meaning is None or runs.focus is None:
                is_plain, section = self._meet(place, line), None
            elif runs.is_repeat[False] and not runs.may_begin(meaning):
                is_plain, section = self._leave_out(place, line), None
            elif meaning[0] is PARAMETER and meaning[1] is None:
                if section is None:
                    section = runs.focus.section
                name, value = meaning[2]
                section[name] = value
            elif runs.is_of_focus(meaning):
                what, task, groups, finder.follows = meaning
                self._end = place + 1
                number = self._numbers[place]
                # Half the time of a call of the class.
                event = tuple.__new__(Event, (what, task, number, groups, line.text, False))
                runs.focus.take(event)
                is_plain, section = finder.follows is None, None
            else:
                is_plain, section = self._meet(place, line), None
        self._walk(len(self._texts))
        self._end = len(self._texts)
        self._catch_up()

    def _forget(self) -> None:
        """Begin a new run."""
        self._doubt_echoes()
        self._cleaner.forget()

    def _doubt_echoes(self) -> None:
        """Doubt that lines of the run were printed twice, where only few of them were."""
        if self._first_echo is not None and self._echoes.are_few:
            self.doubts.append(LogProblem(self._first_echo, _FEW_ECHOES))
        self._first_echo = None

    @property
    def _is_plain(self) -> bool:
        """Whether a line without a meaning is just one more of the run that is read."""
        runs = self._runs
        return (
            runs.focus is not None
            and not runs.limbo
            and self._finder.follows is None
            and not self._echoes.is_doubled
        )

    def _catch_up(self) -> None:
        """Give lines to the run that is read."""
        begin, self._begin = self._begin, self._end
        if begin < self._end and self._runs.focus is not None:
            texts = self._texts[begin : self._end]
            self._echoes.add(texts)
            self._runs.focus.draft.digest.extend(self._numbers[begin : self._end], texts)

    def _walk(self, end: int) -> bool:
        """Take one line after the other before a place, until they are plain again."""
        self._catch_up()
        while self._begin < end and not self._is_plain:
            self._take(self._begin, Known(self._texts[self._begin], False, None))
        return self._is_plain

    def _meet(self, place: int, line: Known) -> bool:
        """Take a line that may be of another run; return whether those after it are plain."""
        self._end = place
        self._catch_up()
        self._take(place, line)
        return self._is_plain

    def _leave_out(self, place: int, line: Known) -> bool:
        """Leave out a line of a run that is printed again; see :meth:`_meet`."""
        self._end = place
        self._catch_up()
        self._begin = self._end = place + 1
        self._echoes.add([line.text])
        if line.meaning is not None:
            self._finder.follows = line.meaning[3]
        return self._is_plain

    def _take(self, place: int, known: Known) -> None:
        """Take one line, the first that was not given to a run yet."""
        self._begin = self._end = place + 1
        number, (text, has_logger, meaning) = self._numbers[place], known
        is_echo = self._echoes.is_repeated(text, has_logger, has_meaning=meaning is not None)
        if is_echo and self._first_echo is None:
            self._first_echo = number
        event = None if is_echo else self._finder.find(number, known)
        self._runs.take(LogLine(number, text, has_logger, is_echo), event)
