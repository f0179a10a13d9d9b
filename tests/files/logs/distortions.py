"""Ways in which what drizzlepac prints is changed before it comes to a file.

A prefix is what a logger, a scheduler, a pager or a person puts before each line. It is made
of the number of the line, its level, the name of its logger and its text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence

Prefix = Callable[[int, str, str, str], str]
Lines = Sequence[str]

_MODULES = ("drizzlepac.util", "drizzlepac.tweakreg", "stsci.skypac.utils", "py.warnings", "root")
_LEVELS = ("INFO", "INFO", "WARNING")


def _clock(n: int) -> str:
    """Time of a line: midnight comes after thirty lines, and another month with it."""
    return f"2019-04-30 23:59:{n:02d}" if n < 30 else f"2019-05-01 00:00:{n % 60:02d}"


def _day(n: int) -> str:
    return f"Apr 30 23:59:{n:02d}" if n < 30 else f"May  1 00:00:{n % 60:02d}"


def _noon(n: int) -> str:
    return f"04/30/2019 {f'11:59:{n:02d} AM' if n < 30 else f'12:00:{n % 60:02d} PM'}"


def _file(name: str) -> str:
    return name.rpartition(".")[2] + ".py"


PREFIXES: dict[str, Prefix] = {
    "level:name:": lambda n, level, name, text: f"{level}:{name}:{text}",
    "name - level -": lambda n, level, name, text: f"{name} - {level} - {text}",
    "level name:": lambda n, level, name, text: f"{level} {name}: {text}",
    "level in eight": lambda n, level, name, text: f"{level:8s} {text}",
    "level and name in columns": lambda n, level, name, text: f"{level:8s} {name:24s} {text}",
    "time level name": lambda n, level, name, text: f"{_clock(n)},{n:03d} {level} {name}: {text}",
    "all in brackets": lambda n, level, name, text: f"[{_clock(n)}] [{level}] [{name}] {text}",
    "thread": lambda n, level, name, text: f"{_clock(n)},{n:03d} MainThread {level} {name} {text}",
    "process": lambda n, level, name, text: f"{_clock(n)} {level} 12345 --- {name} : {text}",
    "airflow": lambda n, level, name, text: f"[{_clock(n)}] {{{_file(name)}:{n}}} {level} - {text}",
    "place": lambda n, level, name, text: f"{_file(name)}:{n} {level}: {text}",
    "loguru": lambda n, level, name, text: f"{_clock(n)} | {level:8s} | {name}:run:{n} - {text}",
    "pytest": lambda n, level, name, text: f"{level:8s} {name}:{_file(name)}:{n} {text}",
    "github": lambda n, level, name, text: f"2019-04-30T14:21:{n % 60:02d}Z [{level:8s}] {text}",
    "german": lambda n, level, name, text: f"30.04.2019 14:21:{n % 60:02d} {level} {text}",
    "noon": lambda n, level, name, text: f"{_noon(n)} {level}: {text}",
    "ts": lambda n, level, name, text: f"{_day(n)} {text}",
    "journal": lambda n, level, name, text: f"{_day(n)} host drz[77]: [{level:8s}] {text}",
    "dmesg": lambda n, level, name, text: f"[{n * 0.7 + 9:10.3f}] {text}",
    "milliseconds": lambda n, level, name, text: f"{n * 3 + 95:>8d} {level} {text}",
    "cat -n": lambda n, level, name, text: f"{n + 97:6d}\t[{level:8s}] {text}",
    "grep -n": lambda n, level, name, text: f"{n + 7}:{text}",
    "srun": lambda n, level, name, text: f"0: [{level:8s}] {text}",
    "quoted": lambda n, level, name, text: f"> [{level:8s}] {text}",
    "quoted, blanks cut": lambda n, level, name, text: f"> {text}".rstrip(),
    "commented": lambda n, level, name, text: f"# {text}",
    "added": lambda n, level, name, text: f"+{text}",
    "indented": lambda n, level, name, text: f"    [{level:8s}] {text}",
    "nbclient": lambda n, level, name, text: f"----- stdout -----\n{text}",
    "progress": lambda n, level, name, text: f"{n % 100}%|##  | {n}/200 [00:01<00:02]\r{text}",
}


def prefixed(lines: Lines, prefix: Prefix, first: int = 0) -> str:
    """Text with a prefix before each line."""
    said = [
        prefix(n, _LEVELS[n % 3] if n else "INFO", _MODULES[n % 5] if n > 2 else _MODULES[0], text)
        for n, text in enumerate(lines, start=first)
    ]
    return "\n".join(said) + "\n"


def levelled(lines: Lines) -> str:
    return "".join(f"[INFO    ] {line}\n" for line in lines)


def plain(lines: Lines) -> str:
    return "".join(f"{line}\n" for line in lines)


def cut_at(text: str, width: int) -> str:
    """Text on a terminal of a width."""
    pieces = [
        line[n : n + width]
        for line in text.splitlines()
        for n in range(0, max(len(line), 1), width)
    ]
    return plain(pieces)


def with_windows_paths(lines: Lines) -> list[str]:
    return [re.sub(r"([ '])(\w{9}_fl\w\.fits)", r"\1C:\\data\\\2", line) for line in lines]


def in_capitals(lines: Lines) -> list[str]:
    return [re.sub(r"\b\w{9}_fl\w\.fits", lambda name: name[0].upper(), line) for line in lines]


def _halves(lines: Lines) -> tuple[str, str]:
    text = levelled(lines)
    middle = text.index("\n", len(text) // 2) + 1
    return text[:middle], text[middle:]


def _widened(lines: Lines) -> bytes:
    first, rest = _halves(lines)
    return first.encode() + rest.encode("utf-16")


def _narrowed(lines: Lines) -> bytes:
    first, rest = _halves(lines)
    return first.encode("utf-16") + rest.encode()


#: Changes that nothing is lost by.
HARMLESS: dict[str, Callable[[Lines], bytes]] = {
    "tabs of eight": lambda lines: levelled(lines).expandtabs(8).encode(),
    "tabs of four": lambda lines: levelled(lines).expandtabs(4).encode(),
    "console, tabs of eight": lambda lines: plain(lines).expandtabs(8).encode(),
    "blanks collapsed": lambda lines: re.sub(r"[ \t]+", " ", levelled(lines)).encode(),
    "blanks cut": lambda lines: plain([line.strip() for line in lines]).encode(),
    "no-break spaces": lambda lines: levelled(lines).replace(" ", "\u00a0").encode(),
    "UTF-16 without a mark": lambda lines: levelled(lines).encode("utf-16-le"),
    "UTF-16, big end first": lambda lines: levelled(lines).encode("utf-16-be"),
    "UTF-32": lambda lines: levelled(lines).encode("utf-32"),
    "UTF-16 after ASCII": _widened,
    "ASCII after UTF-16": _narrowed,
    "80 columns": lambda lines: cut_at(plain(lines).expandtabs(), 80).encode(),
    "colours": lambda lines: levelled(lines).replace("[INFO", "\x1b[2K\x1b[32m[INFO").encode(),
    "paths of Windows": lambda lines: levelled(with_windows_paths(lines)).encode(),
    "names in capitals": lambda lines: levelled(in_capitals(lines)).encode(),
}


def by_words(text: str, width: int) -> str:
    """Text wrapped at words, as mail programs do."""
    return plain(
        [piece for line in text.splitlines() for piece in textwrap.wrap(line, width) or [""]]
    )
