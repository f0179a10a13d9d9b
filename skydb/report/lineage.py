"""A lineage as a tree for the terminal: every node once, what it came from below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skydb.domain.vocabulary import ActivityKind
from skydb.report.tables import Column, Tone, printable
from skydb.services.provenance import (
    Edge,
    Lineage,
    Node,
    NodeType,
    Relation,
    Remark,
    RemarkKind,
    Thing,
)

if TYPE_CHECKING:
    from rich.tree import Tree

REPLAY = (
    Column("verdict"),
    Column("recipe_hash"),
    Column("replay_recipe_hash"),
    Column("environment_fingerprint"),
    Column("replay_environment_fingerprint"),
)
DIFFERENCES = (
    Column("subject"),
    Column("what"),
    Column("before", format=""),
    Column("after", format=""),
    Column("difference", format=".3g"),
    Column("unit"),
    Column("is_tolerable", false_tone=Tone.BAD),
)

#: Digits shown of a checksum.
_SHORT = 12

#: Keys that come first below a node.
_ORDER = {
    Relation.GENERATED: 0,
    Relation.USED: 1,
    Relation.INFORMED: 2,
    Relation.ALTERNATE: 3,
    Relation.SPECIALIZED: 4,
    Relation.DERIVED: 5,
}
#: Relations that are named even when they lead to a node that was shown before; the others
#: follow from these, and all of them are in the JSON.
_WORTH_REPEATING = (Relation.GENERATED, Relation.USED)

#: Kinds of nodes below an exposure: its versions, and products made of it.
_OF_AN_EXPOSURE = (Relation.SPECIALIZED, Relation.DERIVED)

_STYLES = {NodeType.ENTITY: "bold", NodeType.ACTIVITY: "cyan", NodeType.AGENT: "dim"}

#: Remarks that are no cause for alarm.
_CALM = (
    RemarkKind.ORIGIN_UNKNOWN,
    RemarkKind.SUPERSEDED,
    RemarkKind.WRITTEN,
    RemarkKind.REPLAYED,
    RemarkKind.UNCHECKED,
    RemarkKind.FROM_A_LOG,
    RemarkKind.MORE,
)


def lineage_tree(graph: Lineage) -> Tree:
    """The tree that ``skydb explain`` prints, from what is explained back in time."""
    from rich.tree import Tree

    painter = _Painter(graph)
    root = graph.nodes[graph.root]
    tree = Tree(painter.line(root, None), guide_style="dim")
    painter.grow(tree, root)
    return tree


@dataclass
class _Painter:
    graph: Lineage
    _shown: set[str] = field(default_factory=set)
    _agents: tuple[str, ...] = ()

    @cached_property
    def _edges(self) -> Mapping[str, list[Edge]]:
        """Relations by either of their ends."""
        found: dict[str, list[Edge]] = {}
        for edge in self.graph.edges:
            found.setdefault(edge.source, []).append(edge)
            found.setdefault(edge.target, []).append(edge)
        return found

    def _from(self, node: Node) -> Iterator[Edge]:
        return (edge for edge in self._edges.get(node.id, ()) if edge.source == node.id)

    def grow(self, tree: Tree, node: Node) -> None:
        """Add remarks, agents and everything before a node; a node shown before is only named."""
        self._shown.add(node.id)
        for remark in node.remarks:
            tree.add(_remark_line(remark))
        for line in self._by_whom(node):
            tree.add(line)
        for edge, other in self._before(node):
            if other.id not in self._shown:
                self.grow(tree.add(self.line(other, edge)), other)
            elif edge.relation in _WORTH_REPEATING:
                tree.add(self.line(other, edge, again=True))

    def line(self, node: Node, edge: Edge | None, *, again: bool = False) -> Any:  # noqa: ANN401
        """Relation, name and facts of a node."""
        from skydb.report.folding import FoldedText

        text = FoldedText()
        if edge is not None:
            text.append(f"{_relation(edge, node)} ", style="dim italic")
        text.append(printable(node.label), style=_STYLES[node.type])
        if again:
            return text.append("  (see above)", style="dim")
        facts = [fact for fact in _facts_of(node) if fact]
        text.append("".join(f"  {printable(fact)}" for fact in facts))
        if node.at is not None:
            text.append(f"  {node.at:%Y-%m-%d %H:%M}", style="dim")
        return text

    def _before(self, node: Node) -> Iterator[tuple[Edge, Node]]:
        edges = [e for e in self._from(node) if e.relation is not Relation.ASSOCIATED]
        linked = self._edges.get(node.id, ())
        edges += [e for e in linked if _is_reversed(e, node, self.graph)]
        for edge in sorted(edges, key=lambda edge: _ORDER[edge.relation]):
            yield edge, self.graph.nodes[edge.target if edge.source == node.id else edge.source]

    def _by_whom(self, node: Node) -> Iterator[Any]:
        """The agents of an activity in one line, unless they are those of the last one."""
        from skydb.report.folding import FoldedText

        agents = tuple(
            edge.target for edge in self._from(node) if edge.relation is Relation.ASSOCIATED
        )
        if not agents or agents == self._agents:
            return
        self._agents = agents
        nodes = [self.graph.nodes[agent] for agent in agents]
        new = [one for one in nodes if one.id not in self._shown]
        said = (f"{one.label}{_in_brackets(one) if one in new else ''}" for one in nodes)
        yield FoldedText(f"by {printable(', '.join(said))}", style="dim")
        self._shown |= set(agents)
        for one in new:
            yield from (_remark_line(remark) for remark in one.remarks)


def _is_reversed(edge: Edge, node: Node, graph: Lineage) -> bool:
    """Whether a relation that points to a node belongs below it all the same.

    What read an old run from its logs came later, and so did what a run made.
    """
    if edge.target != node.id:
        return False
    later = graph.nodes[edge.source]
    if edge.relation is Relation.INFORMED:
        return later.kind is ActivityKind.IMPORT
    if node.id != graph.root:
        return False
    if node.kind is Thing.EXPOSURE:
        return edge.relation in _OF_AN_EXPOSURE
    return node.type is NodeType.ACTIVITY and edge.relation is Relation.GENERATED


#: Relations in plain words; the JSON has the names of W3C PROV.
_IN_WORDS = {
    Relation.USED: "used",
    Relation.GENERATED: "made by",
    Relation.DERIVED: "made from",
    Relation.ASSOCIATED: "by",
    Relation.INFORMED: "based on",
    Relation.ALTERNATE: "same file as",
    Relation.SPECIALIZED: "version of",
}
#: Relations in the direction from the earlier end.
_BACKWARDS = {
    Relation.GENERATED: "made",
    Relation.INFORMED: "recorded by",
    # Some are versions that skydb made, so not all are archive versions.
    Relation.SPECIALIZED: "has file",
    Relation.DERIVED: "has",
}


def _relation(edge: Edge, node: Node) -> str:
    """Name of a relation, with the role that the other node has in it."""
    name = _IN_WORDS[edge.relation]
    if edge.source == node.id:
        name = _BACKWARDS[edge.relation]
    return f"{name} ({edge.role})" if edge.role else name


def _remark_line(remark: Remark) -> Any:  # noqa: ANN401 - rich is imported late
    from skydb.report.folding import FoldedText

    is_calm = remark.kind in _CALM
    mark, style = ("-", "dim") if is_calm else ("!", "yellow")
    message = f"{mark} {remark.kind.value}: {remark.subject}: {remark.message}"
    return FoldedText(printable(message), style=style)


def _in_brackets(agent: Node) -> str:
    if agent.kind is not Thing.ENVIRONMENT:
        return ""
    facts = agent.attributes
    said = f"Python {facts['python_version']}, self-test {facts['verdict']}"
    return f" ({said}, {facts['fingerprint'][:_SHORT]})"


def _facts_of(node: Node) -> list[str]:
    """Describe a node in few words."""
    describe = _DESCRIPTIONS.get(node.kind)
    if describe is not None:
        return describe(node.attributes)
    status = node.attributes.get("status", "")
    return [status if status != "succeeded" else "", _seconds(node.attributes)]


def _seconds(facts: Mapping[str, Any]) -> str:
    return f"{facts['seconds']:.1f} s" if "seconds" in facts else ""


def _number(facts: Mapping[str, Any], name: str, form: str) -> str:
    return format(facts[name], form) if name in facts else "-"


def _of_value(facts: Mapping[str, Any]) -> list[str]:
    number = f"{_number(facts, 'mdrizsky', '.6g')} {facts.get('unit', '')}".strip()
    relative = "relative to one image" if facts.get("is_relative") else ""
    read_from = f"read from {facts['read_from']}" if "read_from" in facts else ""
    return [f"= {number}", facts.get("method", ""), relative, read_from]


def _of_version(facts: Mapping[str, Any]) -> list[str]:
    texts = [f"sha256 {facts['sha256'][:_SHORT]}", facts.get("wcs_name", "")]
    texts += [f"{name} {facts[key]}" for name, key in _CALIBRATION if key in facts]
    return texts


_CALIBRATION = (("CAL_VER", "cal_ver"), ("IDCTAB", "idctab"))


def _of_solution(facts: Mapping[str, Any]) -> list[str]:
    texts = [facts["origin"], facts["status"], facts["product"]]
    if "nmatches" in facts:
        rms = "/".join(_number(facts, f"rms_{axis}_mas", ".1f") for axis in ("ra", "dec"))
        texts.append(f"{facts['nmatches']} matches, rms {rms} mas")
    if "trust" in facts:
        texts.append(f"trust {facts['trust']:.2f}")
    if "residual_mas" in facts:
        texts.append(f"moved {_number(facts, 'realised_shift_mas', '.2f')} mas")
    if "repeats" in facts:
        texts.append(f"repeats the dry run of solution {facts['repeats']}")
    return texts + _places(facts.get("read_from", {}))


def _places(read_from: Mapping[str, str]) -> list[str]:
    """Files and lines that numbers were read from, each with its numbers."""
    by_place: dict[str, list[str]] = {}
    for name, place in read_from.items():
        by_place.setdefault(place, []).append(name)
    return [f"{', '.join(names)} read from {place}" for place, names in by_place.items()]


def _of_catalog(facts: Mapping[str, Any]) -> list[str]:
    texts = [facts["service"], f"{facts['sources']} sources", f"epoch {facts['epoch']:g}"]
    return [*texts, f"sha256 {facts['sha256'][:_SHORT]}"]


def _of_mosaic(facts: Mapping[str, Any]) -> list[str]:
    return [facts["science_path"], f"sha256 {facts['science_sha256'][:_SHORT]}"]


def _of_archive_file(facts: Mapping[str, Any]) -> list[str]:
    texts = [f"{facts['received_bytes']} bytes"] if "received_bytes" in facts else []
    texts += [f"sha256 {facts['sha256'][:_SHORT]}"] if "sha256" in facts else []
    return [*texts, f"attempt {facts['attempt']}" if facts.get("attempt", 1) > 1 else ""]


def _of_sky_run(facts: Mapping[str, Any]) -> list[str]:
    method = facts.get("effective_method") or facts.get("requested_method", "")
    asked = facts.get("requested_method", method)
    texts = [method if asked == method else f"{method} instead of {asked}", facts.get("engine", "")]
    texts += [facts["status"] if facts["status"] != "succeeded" else "", _seconds(facts)]
    texts.append(f"recipe {facts['recipe_hash'][:_SHORT]}")
    return texts


_DESCRIPTIONS: Mapping[Thing | ActivityKind, Callable[[Mapping[str, Any]], list[str]]] = {
    Thing.VALUE: _of_value,
    Thing.VERSION: _of_version,
    Thing.SOLUTION: _of_solution,
    Thing.CATALOG: _of_catalog,
    Thing.MOSAIC: _of_mosaic,
    Thing.ARCHIVE_FILE: _of_archive_file,
    Thing.OPTION_FILE: lambda facts: [facts["path"], f"sha256 {facts['sha256'][:_SHORT]}"],
    Thing.COLLECTION: lambda _: [],
    ActivityKind.SKY_RUN: _of_sky_run,
    ActivityKind.DRIZZLE: lambda facts: [facts["filters"], *_of_sky_run(facts)],
}
