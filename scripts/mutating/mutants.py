"""Changes of the code that cosmic-ray knows, and which of them change nothing."""

from __future__ import annotations

import ast
import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[2]
#: Of the operators of cosmic-ray that put every binary operator in the place of every other one,
#: those that a hand might have slipped to.
_SLIPS = (
    *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_Mul", "Pow_Mul"),
    *("BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd", "LShift_RShift", "RShift_LShift"),
)
_EXCEPTIONS = "core/ExceptionReplacer"
#: Read by hand: module, operator, line and the reason why the change makes no difference.
LISTED = Path(__file__).with_name("equivalent.csv")


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: Path
    operator: str
    occurrence: int

    @cached_property
    def code(self) -> str:
        """The module with the change."""
        source = source_of(self.path)
        return mutate_code(source, get_operator(self.operator)(), self.occurrence) or source

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """Lines of the module that the change touches."""
        pair = (source_of(self.path).splitlines(), self.code.splitlines())
        blocks = difflib.SequenceMatcher(None, *pair, autojunk=False).get_opcodes()
        touched = ((start, end) for tag, start, end, *_ in blocks if tag != "equal")
        spans = (range(start, max(end, start + 1)) for start, end in touched)
        return tuple(line + 1 for span in spans for line in span)

    @property
    def difference(self) -> str:
        """Lines that the change takes away and adds."""
        pair = (source_of(self.path).splitlines(), self.code.splitlines())
        hunks = list(difflib.unified_diff(*pair, n=0, lineterm=""))[2:]
        return "\n      ".join(f"{self.path} {line}" if line[0] == "@" else line for line in hunks)

    @property
    def is_equivalent(self) -> bool:
        """Whether it is the same program, by rule or as somebody has read."""
        try:
            changed = _program(self.code)
        except SyntaxError:
            return False
        return self.is_listed or _program_of(self.path) == changed

    @property
    def is_listed(self) -> bool:
        """Whether the list of those that were read has it."""
        source = source_of(self.path).splitlines()
        text = " ".join(source[line - 1].strip() for line in self.lines)
        new = " ".join(self.difference.splitlines()[-1].strip().removeprefix("+").split())
        return (str(self.path), text, new) in _listed()


@cache
def source_of(path: Path) -> str:
    """A module as it is."""
    return (ROOT / path).read_text()


@cache
def _program_of(path: Path) -> str:
    return _program(source_of(path))


@cache
def _listed() -> frozenset[tuple[str, str, str]]:
    if not LISTED.exists():
        return frozenset()
    with LISTED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return frozenset((row["module"], row["line"], row["becomes"]) for row in rows)


class _Meaning(ast.NodeTransformer):
    """Take away what the interpreter does not ask, and write alike what means the same."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        # A value that cannot change is the same with and without slots.
        if ast.unparse(node.func) == "dataclass":
            node.keywords = [one for one in node.keywords if one.arg != "slots"]
        # It says that lengths are equal, which the lines above have made them.
        if ast.unparse(node.func) == "zip":
            node.keywords = [one for one in node.keywords if one.arg != "strict"]
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        # How a call names its arguments is for mypy to hold: ``/`` in the place of ``*``.
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.posonlyargs, node.kwonlyargs = [], []
        node.defaults = [*node.defaults, *(one for one in node.kw_defaults if one is not None)]
        node.kw_defaults = []
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        asked = ast.unparse(node.test)
        # What is imported for annotations alone is not there for mypy then, which says so.
        are_bare = all(
            isinstance(one, ast.Import | ast.ImportFrom)
            or (isinstance(one, ast.AnnAssign) and not one.value)
            for one in node.body
        )
        if asked == "not TYPE_CHECKING" and are_bare and not node.orelse:
            return []
        return node.orelse if asked == "TYPE_CHECKING" else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        operator, left, right = node.ops[0], node.left, node.comparators[0]
        # What there is one of is equal to itself alone.
        if isinstance(operator, ast.Is | ast.IsNot) and _is_single(right):
            node.ops = [ast.Eq() if isinstance(operator, ast.Is) else ast.NotEq()]
        # Nothing is shorter than nothing.
        if _is_count(left) and isinstance(right, ast.Constant):
            alike = {
                (ast.LtE, 0): (ast.Eq, 0), (ast.Lt, 1): (ast.Eq, 0),
                (ast.Gt, 0): (ast.NotEq, 0), (ast.GtE, 1): (ast.NotEq, 0),
            }  # fmt: skip
            kind, value = alike.get((type(operator), right.value), (type(operator), right.value))
            node.ops, node.comparators = [kind()], [ast.Constant(value)]
        return node


def _is_single(node: ast.expr) -> bool:
    """None, or a member of a vocabulary."""
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Attribute) and node.attr.isupper()


def _is_count(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("len", "np.count_nonzero")
    return isinstance(node, ast.Attribute) and node.attr == "size"


def _program(source: str) -> str:
    tree = _Meaning().visit(ast.parse(source))
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every change of one module that cosmic-ray knows."""
    nodes = list(_nodes(get_ast(source_of(path))))
    for name in sorted(operator_names()):
        # Those on variables want to be told which.
        is_odd = "Variable" in name
        if is_odd or ("ReplaceBinaryOperator" in name and not name.endswith(_SLIPS)):
            continue
        operator = get_operator(name)()
        number = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        found = (Mutant(path, name, occurrence) for occurrence in range(number))
        # Of a list of exceptions cosmic-ray cannot change one with a dot in its name.
        yield from (one for one in found if name != _EXCEPTIONS or _can_be_made(one))


def _can_be_made(mutant: Mutant) -> bool:
    try:
        return bool(mutant.code)
    except AttributeError:
        return False


def _nodes(node: object) -> Iterator[object]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def modules_below(paths: Sequence[str]) -> Iterator[Path]:
    """Modules, those in directories too, relative to the tree."""
    for path in map(Path, paths):
        found = sorted((ROOT / path).rglob("*.py")) if (ROOT / path).is_dir() else [ROOT / path]
        yield from (one.relative_to(ROOT) for one in found if one.name != "__init__.py")
