from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from skydb.domain.vocabulary import ActivityKind, FindingKind
from skydb.report.console import print_tree
from skydb.report.lineage import lineage_tree
from skydb.services.provenance.graph import Lineage, Node, NodeType, Relation, RemarkKind, Thing

WHEN = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def shown(graph: Lineage) -> list[str]:
    out = io.StringIO()
    print_tree(lineage_tree(graph), Console(file=out, width=40))
    return out.getvalue().splitlines()


def small() -> Lineage:
    graph = Lineage("sky:6:a:1")
    value = {"mdrizsky": 0.25, "unit": "electron/s", "method": "match", "is_relative": True}
    graph.add(Node("sky:6:a:1", NodeType.ENTITY, Thing.VALUE, "sky of a[1]", WHEN, value))
    run = {"status": "succeeded", "engine": "skydb", "recipe_hash": "0123456789abcdef",
           "requested_method": "match", "effective_method": "localmin"}  # fmt: skip
    graph.add(Node("activity:6", NodeType.ACTIVITY, ActivityKind.SKY_RUN, "sky run 6", WHEN, run))
    facts = {"sha256": "f" * 64, "cal_ver": "3.6"}
    graph.add(Node("version:1", NodeType.ENTITY, Thing.VERSION, "a_flt.fits@1", WHEN, facts))
    graph.add(Node("agent:user:ann", NodeType.AGENT, Thing.PERSON, "ann"))
    graph.link(Relation.DERIVED, "sky:6:a:1", "version:1", "science")
    graph.link(Relation.GENERATED, "sky:6:a:1", "activity:6", "sky")
    graph.link(Relation.USED, "activity:6", "version:1", "science")
    graph.link(Relation.ASSOCIATED, "activity:6", "agent:user:ann", "operator")
    graph.link(Relation.USED, "activity:6", "version:99", "science")
    return graph


def test_a_tree_tells_what_came_before_with_agents_and_remarks_under_what_they_are_of() -> None:
    graph = small()
    graph.remark("activity:6", FindingKind.NO_OVERLAP, "a", "shares no sky.")
    graph.remark("version:1", RemarkKind.ORIGIN_UNKNOWN, "origin", "not on record.")
    assert shown(graph) == [
        "sky of a[1]  = 0.25 electron/s  match  relative to one image  2026-11-22 14:30",
        "└── made by (sky) sky run 6  localmin instead of match  skydb  recipe 0123456789ab"
        "  2026-11-22 14:30",
        "    ├── ! no-overlap: a: shares no sky.",
        "    ├── by ann",
        "    └── used (science) a_flt.fits@1  sha256 ffffffffffff  CAL_VER 3.6  2026-11-22 14:30",
        "        └── - origin-unknown: origin: not on record.",
    ]


def test_a_terminal_folds_lines_between_words_and_breaks_no_name() -> None:
    graph, out = small(), io.StringIO()
    narrow = Console(file=out, width=40, force_terminal=True, color_system=None)
    print_tree(lineage_tree(graph), narrow)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 40 < max(map(len, shown(graph)))
    words = [word for line in shown(graph) for word in line.strip("\u2500\u2502\u2514 ").split()]
    folded = [word for line in lines for word in line.strip("\u2500\u2502\u2514 ").split()]
    assert folded == words
    out.truncate(0)
    print_tree(lineage_tree(graph), narrow, wide=True)
    assert len(out.getvalue().splitlines()) == len(shown(graph))


@pytest.mark.parametrize("width", range(30, 60))
def test_a_terminal_keeps_a_date_and_its_time_on_one_line(width: int) -> None:
    out = io.StringIO()
    narrow = Console(file=out, width=width, force_terminal=True, color_system=None)
    print_tree(lineage_tree(small()), narrow)
    assert out.getvalue().count("2026-11-22 14:30") == 3


def test_relations_are_in_plain_words() -> None:
    graph = small()
    for number, relation in enumerate(Relation):
        node = Node(f"file:{number}", NodeType.ENTITY, Thing.USER_FILE, f"{number}.fits")
        graph.add(node)
        graph.link(relation, "activity:6", node.id, "role")
    assert not [word for line in shown(graph) for word in line.split() if word.startswith("was")]
    assert "specializationOf" not in str(shown(graph)) and "alternateOf" not in str(shown(graph))


def test_what_was_told_is_only_named_again() -> None:
    graph = small()
    graph.add(Node("activity:7", NodeType.ACTIVITY, ActivityKind.INGEST, "ingest 7"))
    graph.add(Node("version:2", NodeType.ENTITY, Thing.VERSION, "b@1", None, {"sha256": "e" * 64}))
    for version in ("version:1", "version:2"):
        graph.link(Relation.GENERATED, version, "activity:7", "ingested")
    graph.link(Relation.USED, "activity:6", "version:2", "science")
    told = [line for line in shown(graph) if "ingest 7" in line]
    assert len(told) == 2
    assert told[1].endswith("made by (ingested) ingest 7  (see above)")


def test_a_name_from_a_file_cannot_paint_the_terminal() -> None:
    graph = Lineage("file:x")
    graph.add(Node("file:x", NodeType.ENTITY, Thing.USER_FILE, "[bold]\x1b[31mx.fits"))
    (line,) = shown(graph)
    assert "[bold]" in line
    assert "\x1b" not in line


def test_what_an_activity_made_is_told_when_it_is_what_one_asks_about() -> None:
    graph = small()
    graph.root = "activity:6"
    assert any("made (sky) sky of a[1]" in line for line in shown(graph))


def test_a_file_that_skydb_made_is_not_told_to_be_delivered() -> None:
    graph = small()
    graph.root = "exposure:a"
    graph.add(Node("exposure:a", NodeType.ENTITY, Thing.EXPOSURE, "a"))
    graph.link(Relation.SPECIALIZED, "version:1", "exposure:a", "pipeline flt")
    said = " ".join(shown(graph))
    assert "has file (pipeline flt)" in said
    assert "delivered" not in said
