"""Which tests reach which line: learned once from a run of the tests, and then looked up."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from scripts.mutating.mutants import ROOT, Mutant

#: What holds for all of the core, and for the tables that entities of the domain stand for.
RULES = "tests/test_house.py::test_values_of_the_core_do_not_change"
THRESHOLDS = "tests/test_thresholds_page.py::test_the_page_of_thresholds_is_up_to_date"
SHAPES = "tests/test_shapes.py::test_defaults_and_kinds_are_what_they_were[{}]"
SCHEMA = "tests/store/test_schema.py::test_migrations_and_entities_describe_the_same_tables[sqlite]"
KEYS = "tests/store/test_schema_keys.py"
#: Seconds of processor that the tests of one change may take together without it, and one alone.
TOGETHER_S, ALONE_S = 15.0, 13.0


def learn(tests: Sequence[str], into: Path) -> None:
    """Run tests and write down what they reach."""
    options = ("-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider")
    command = [
        *(sys.executable, "-m", "pytest", *options, "-p", "scripts.mutating.recorder"),
        *("--hypothesis-seed=0", "-k", "not postgresql", *tests),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MUTATE_MAP": str(into.resolve())}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if not into.exists():
        sys.exit("The tests could not be run.")
    if failed := json.loads(into.read_text())["failed"]:
        print(f"Left out, for they fail without any change: {', '.join(failed)}")


class Reach:
    """What was learned, of one or more runs."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self.modules: set[str] = set()
        self._early: dict[str, set[int]] = defaultdict(set)
        self._tests: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for file in files:
            self._add(json.loads(file.read_text()))
        self._of_file: dict[str, list[str]] = defaultdict(list)
        for test in self.seconds:
            self._of_file[test.partition("::")[0]].append(test)

    def _add(self, known: dict) -> None:  # type: ignore[type-arg]
        self.seconds |= known["seconds"]
        self.modules |= set(known["modules"])
        for module, early in known["early"].items():
            self._early[module] |= set(early)
        for module, lines in known["lines"].items():
            for line, contexts in lines.items():
                self._tests[module][int(line)] |= {known["names"][one] for one in contexts}

    def is_early(self, mutant: Mutant) -> bool:
        """Whether what is changed has run while modules were imported and tests collected."""
        return not self._early[str(mutant.path)].isdisjoint(mutant.lines)

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Tests that reach a change, the file that mirrors the module first, then cheap ones."""
        module = str(mutant.path)
        first, last = _statement(mutant)
        lines = range(first or 0, last + 1)
        # What runs while modules are imported shows in whatever is imported.
        if first is None or (
            self.is_early(mutant) and not any(self._tests[module][line] for line in lines)
        ):
            found = set().union(*self._tests[module].values())
        else:
            found = set().union(*(self._tests[module][line] for line in lines))
        files = {one for one in found if "::" not in one}
        found = {one for one in found if "::" in one}
        found |= {test for file in files for test in self._of_file[file]}
        chosen = self._affordable(found, f"test_{mutant.path.name}")
        if first is None:
            dotted = ".".join(mutant.path.with_suffix("").parts)
            chosen.insert(0, SHAPES.format(dotted))
        if mutant.lines[0] in _named_values(mutant.path):
            chosen.append(THRESHOLDS)
        if first is None and "dataclass" in mutant.difference:
            chosen.append(RULES)
        if first is None and mutant.path.parts[1] == "domain":
            chosen += [one for one in (SCHEMA, *self._of_file[KEYS]) if one not in chosen]
        return chosen

    def _affordable(self, found: set[str], mirror: str) -> list[str]:
        """By file, because fixtures are shared in one; those of the mirror first."""
        files: dict[str, list[str]] = defaultdict(list)
        for test in sorted(found, key=lambda one: (self.seconds[one], one)):
            if self.seconds[test] < ALONE_S:
                files[test.partition("::")[0]].append(test)
        cost = {file: sum(self.seconds[one] for one in tests) for file, tests in files.items()}
        chosen, left = [], TOGETHER_S
        # What is kept to many digits notices most.
        for file in sorted(
            files, key=lambda one: ("_kept" not in one, not one.endswith(mirror), cost[one])
        ):
            # Others are asked too, however dear those that come first are.
            kept_back = 0.0
            if "_kept" in file:
                kept_back = TOGETHER_S / 2
            elif file.endswith(mirror):
                kept_back = TOGETHER_S / 4
            for test in files[file]:
                if left - kept_back > self.seconds[test]:
                    chosen.append(test)
                    left -= self.seconds[test]
        return chosen


def _statement(mutant: Mutant) -> tuple[int | None, int]:
    """First and last line of the statement in a function that is changed; none outside of one."""
    first, last = mutant.lines[0], mutant.lines[-1]
    best: tuple[int | None, int] = (None, 0)
    for start, end in _spans(mutant.path):
        if start <= first and last <= end and (best[0] is None or end - start <= best[1] - best[0]):
            best = (start, end)
    return best


@cache
def _named_values(path: Path) -> set[int]:
    """Lines of assignments outside of functions and classes."""
    body = ast.parse((ROOT / path).read_text()).body
    values = (one for one in body if isinstance(one, ast.Assign | ast.AnnAssign))
    return {line for one in values for line in range(one.lineno, (one.end_lineno or 0) + 1)}


@cache
def _spans(path: Path) -> list[tuple[int, int]]:
    """Statements inside of functions; a compound one is its head."""
    spans = []
    for function in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in (one for part in function.body for one in ast.walk(part)):
                if isinstance(node, ast.stmt):
                    body = getattr(node, "body", None)
                    end = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
                    spans.append((node.lineno, max(end or 0, node.lineno)))
    return spans
