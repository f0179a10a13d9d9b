from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from skydb.api.composition import Services
from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    BookEntry,
    ChipLevel,
    Download,
    DownloadActivity,
    Exposure,
    FileLocation,
    OverlapMeasurement,
    Product,
    ProductVersion,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Stamp,
    Visit,
)
from skydb.domain.history import HistoryImport
from skydb.domain.overlap import Level, MeasuredChip
from skydb.domain.values import Rootname, SkyLevel, WcsName
from skydb.domain.vocabulary import (
    DownloadStatus,
    EntryKind,
    LinkRole,
    ProductKind,
    SkyMethod,
    SkyUnit,
    SolutionStatus,
)
from skydb.domain.vocabulary import Engine as SkyEngine
from skydb.errors import NotFoundError, UsageError
from skydb.services.provenance.documents import as_document
from skydb.services.provenance.graph import Lineage, NodeType, Relation
from tests.logged import logged_fit, logged_product, recall, recall_values
from tests.services.ledgers import SmallLedger, day
from tests.services.provenance.conftest import Story, of_kind, one, remarks_of, tell
from tests.services.tools import MEMBERS, PRODUCT, Toolbox, write_exposure

#: Selects of one explanation, however large the field is.
HANDFUL = 22


def relations(graph: Lineage) -> set[tuple[str, str, str]]:
    """Kind, relation and kind of every edge."""
    kinds = {node.id: node.kind.value for node in graph.nodes.values()}
    return {(kinds[e.source], e.relation.value, kinds[e.target]) for e in graph.edges}


def said(graph: Lineage) -> str:
    return " | ".join(f"{one.kind.value}: {one.message}" for one in remarks_of(graph))


def selects_of(story: Story, what: str) -> int:
    seen: list[str] = []

    def listen(*call: object) -> None:
        seen.append(str(call[2]))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        story.explain(what)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    return sum(statement.lstrip().upper().startswith(("SELECT", "WITH")) for statement in seen)


def test_a_sky_value_is_followed_back_to_the_files_as_they_were_ingested(
    story_anywhere: Story,
) -> None:
    graph = story_anywhere.explain(story_anywhere.value)
    assert graph.root == f"sky:{story_anywhere.run}:{MEMBERS[0]}:1"
    assert relations(graph) >= {
        ("sky-value", "wasGeneratedBy", "sky-run"),
        ("sky-value", "wasDerivedFrom", "product-version"),
        ("sky-run", "used", "product-version"),
        ("product-version", "wasGeneratedBy", "acceptance"),
        ("product-version", "wasDerivedFrom", "product-version"),
        ("product-version", "wasDerivedFrom", "alignment-solution"),
        ("acceptance", "wasInformedBy", "alignment"),
        ("acceptance", "used", "alignment-solution"),
        ("alignment-solution", "wasGeneratedBy", "alignment"),
        ("alignment-solution", "wasDerivedFrom", "product-version"),
        ("alignment-solution", "wasDerivedFrom", "reference-catalog"),
        ("alignment", "used", "product-version"),
        ("alignment", "used", "reference-catalog"),
        ("reference-catalog", "wasGeneratedBy", "catalog"),
        ("product-version", "wasGeneratedBy", "ingest"),
        ("sky-run", "wasAssociatedWith", "person"),
        ("sky-run", "wasAssociatedWith", "software"),
        ("sky-run", "wasAssociatedWith", "tool"),
        ("sky-run", "wasAssociatedWith", "environment"),
    }
    labels = {node.label for node in of_kind(graph, "product-version")}
    first = f"{MEMBERS[0]}_flt.fits"
    assert labels == {f"{first}@2", f"{first}@1", f"{PRODUCT}@1"}


def test_every_branch_ends_at_an_ingest_an_import_or_an_archive(told: Story) -> None:
    graph = told.explain(told.value)
    ends = {
        node.kind.value
        for node in graph.nodes.values()
        if node.type is not NodeType.AGENT
        and not [
            e for e in graph.edges if e.source == node.id and e.relation is not Relation.ASSOCIATED
        ]
    }
    assert ends == {"ingest", "catalog", "collection"}


def test_a_node_says_what_is_known_of_it(told: Story) -> None:
    graph = told.explain(told.value)
    value = one(graph, "sky-value").attributes
    assert (value["mdrizsky"], value["unit"], value["method"]) == (0.0, "electron/s", "match")
    versions = {node.label: node.attributes for node in of_kind(graph, "product-version")}
    assert versions[f"{MEMBERS[0]}_flt.fits@2"]["wcs_name"].endswith("FIT_SKYDB_gaia")
    assert all(len(facts["sha256"]) == 64 for facts in versions.values())
    run = one(graph, "sky-run").attributes
    environment = one(graph, "environment").attributes
    assert run["environment_fingerprint"] == environment["fingerprint"] != run["recipe_hash"]
    assert environment["verdict"] == "unchecked"
    assert environment["packages"]["skydb"]


def test_other_inputs_are_counted_and_told_when_all_are_asked_for(told: Story) -> None:
    graph = told.explain(told.value)
    assert {node.label for node in of_kind(graph, "collection")} == {"1 other input"}
    whole = told.explain(told.value, everything=True)
    assert of_kind(whole, "collection") == []
    assert {node.attributes["rootname"] for node in of_kind(whole, "product-version")
            if "rootname" in node.attributes} == set(MEMBERS)  # fmt: skip


@pytest.mark.parametrize("exposures", [2, 9])
def test_a_field_of_any_size_takes_the_same_handful_of_selects(
    services: Services, tools: Toolbox, tmp_path: Path, exposures: int
) -> None:
    members = [f"ibxl50i{letter}q" for letter in "abcdefghi"[:exposures]]
    story = tell(services, tmp_path, tools, members)
    assert selects_of(story, story.value) <= HANDFUL
    assert selects_of(story, f"run:{story.run}") <= HANDFUL + 3


def test_a_solution_is_followed_to_its_fit_and_its_catalogue(story_anywhere: Story) -> None:
    with story_anywhere.services.context.store.reading() as session:
        carried = select(AlignmentSolution.id).where(AlignmentSolution.source_id.is_not(None))
        solution = session.scalars(carried).first()
    graph = story_anywhere.explain(f"solution:{solution}")
    origins = {node.attributes["origin"] for node in of_kind(graph, "alignment-solution")}
    assert origins == {"tweakback", "tweakreg"}
    assert one(graph, "reference-catalog").attributes["sources"] == 30


def test_a_run_is_told_with_its_inputs_and_its_mosaic(story_anywhere: Story) -> None:
    story = story_anywhere
    graph = story.explain(f"run:{story.run}")
    run = f"activity:{story.run}"
    inputs = [e for e in graph.edges if e.source == run and e.relation is Relation.USED]
    assert len(inputs) == len(MEMBERS)
    assert ("mosaic", "wasGeneratedBy", "sky-run") in relations(graph)
    assert one(story.explain(f"mosaic:{story.run}"), "mosaic").attributes["science_sha256"]


def test_a_file_and_a_catalogue_can_be_explained(told: Story) -> None:
    name = f"{MEMBERS[0]}_flt.fits"
    assert told.explain(f"{name}@1").nodes.keys() < told.explain(f"{name}@2").nodes.keys()
    assert told.explain(name).root == told.explain(f"{name}@2").root
    assert one(told.explain("catalog:gaia"), "catalog").type is NodeType.ACTIVITY


def test_an_alignment_run_is_told_with_what_it_fitted(told: Story) -> None:
    graph = told.explain(f"run:{told.fit}")
    assert ("alignment", "used", "product-version") in relations(graph)
    assert ("alignment-solution", "wasGeneratedBy", "alignment") in relations(graph)


@pytest.mark.parametrize(
    "what",
    [
        "ibxl50iaq[1]@99",
        "ibxl50zzq[1]@5",
        "sky:99:ibxl50iaq:1",
        "solution:99",
        "run:99",
        "mosaic:1",
        "version:99",
        "catalog:nothing",
        "nothing_flt.fits@1",
        "ibxl50iaq_flt.fits@9",
        "run:99999999999999999999",
    ],
)
def test_what_is_not_in_the_ledger_is_not_found(told: Story, what: str) -> None:
    with pytest.raises(NotFoundError):
        told.explain(what)


@pytest.mark.parametrize("what", ["", "run:six", "value:6", "a@b@c"])
def test_what_names_nothing_is_wrong_usage(told: Story, what: str) -> None:
    with pytest.raises(UsageError, match=r"is not a reference.*ROOTNAME\[CHIP\]@RUN"):
        told.explain(what)


def test_a_visit_has_no_lineage_of_its_own(told: Story) -> None:
    with pytest.raises(
        UsageError, match=r"'BXL50' is a visit; it has no lineage.*ROOTNAME@VERSION"
    ):
        told.explain("BXL50")


def test_an_exposure_is_explained_by_its_deliveries_solutions_and_skies(told: Story) -> None:
    graph = told.explain("IBXL50IAQ")
    assert graph.root == "exposure:ibxl50iaq"
    linked = {edge.source for edge in graph.edges if edge.target == graph.root}
    kinds = {graph.nodes[node].kind.value for node in linked}
    assert kinds == {"product-version", "alignment-solution", "sky-value"}
    newest, value = told.explain("ibxl50iaq@2"), told.explain(told.value)
    assert {newest.root, value.root} <= linked
    assert newest.nodes.keys() <= graph.nodes.keys()


def test_a_lineage_of_a_depth_is_a_part_that_counts_what_is_cut_off(told: Story) -> None:
    for what in ("ibxl50iaq", told.value, f"run:{told.run}", "ibxl50iaq@2"):
        whole = told.explain(what)
        before: set[str] = set()
        for depth in range(12):
            part = told.services.explain.explain(what, depth=depth)
            assert before <= part.nodes.keys() <= whole.nodes.keys()
            is_cut = any("further back" in remark.message for remark in remarks_of(part))
            assert is_cut == (not _reaches(part, whole))
            assert not any("1 further back are" in one.message for one in remarks_of(part))
            before = set(part.nodes)
        assert before == whole.nodes.keys()
        assert told.services.explain.explain(what, depth=0).nodes.keys() >= {whole.root}


def _reaches(part: Lineage, whole: Lineage) -> bool:
    return part.nodes.keys() == whole.nodes.keys()


def test_a_downgrade_is_told_on_the_way(story: Story) -> None:
    story.tools.becomes = {SkyMethod.GLOBALMIN_MATCH: SkyMethod.GLOBALMIN}
    (run,) = story.sky(SkyMethod.GLOBALMIN_MATCH)
    graph = story.explain(f"{MEMBERS[0]}[1]@{run}")
    assert "downgraded: globalmin+match was asked for, globalmin ran." in said(graph)


def test_findings_on_other_exposures_are_counted(story: Story) -> None:
    story.tools.alone = {MEMBERS[1]}
    (run,) = story.sky(SkyMethod.MATCH)
    what = f"{MEMBERS[0]}[1]@{run}"
    assert "more: 1 more of this kind" in said(story.explain(what))
    assert "no-overlap" not in said(story.explain(what))
    assert "no-overlap: shares no sky" in said(story.explain(what, everything=True))
    assert "no-overlap: shares no sky" in said(story.explain(f"{MEMBERS[1]}[1]@{run}"))
    assert "reason: the run gave it no value" in said(story.explain(f"{MEMBERS[1]}[1]@{run}"))


def test_flags_and_notes_stand_at_what_they_are_about(story_anywhere: Story) -> None:
    story = story_anywhere
    with story.services.context.store.writing() as session:
        exposure = session.scalars(select(Exposure).where(Exposure.rootname == MEMBERS[0])).one()
        other = session.scalars(select(Exposure).where(Exposure.rootname == MEMBERS[1])).one()
        run = session.get_one(SkyRun, story.run)
        session.add(BookEntry(exposure, EntryKind.FLAG, "ann", "a trail", "satellite"))
        session.add(BookEntry(other, EntryKind.FLAG, "ann", "elsewhere"))
        session.add(BookEntry(run, EntryKind.NOTE, "bob", "for the paper"))
        session.commit()
    graph = story.explain(story.value)
    assert "flag: satellite: a trail (ann, " in said(graph)
    assert "note: for the paper (bob, " in said(graph)
    assert "elsewhere" not in said(graph)
    assert graph.nodes[f"activity:{story.run}"].remarks[-1].kind is EntryKind.NOTE


def test_a_download_leads_to_the_archive_and_a_bad_delivery_is_told(story_anywhere: Story) -> None:
    services = story_anywhere.services
    name = f"{MEMBERS[0]}_flt.fits"
    uri = f"mast:HST/product/{name}"
    fetch = services.context.begin(lambda _, stamp: DownloadActivity({"files": 1}, stamp))
    with services.context.store.writing() as session:
        version = session.scalars(
            select(ProductVersion)
            .join(Product)
            .where(Product.filename == name, ProductVersion.number == 1)
        ).first()
        assert version is not None
        download = Download(fetch, uri, 2, version.size_bytes)
        session.add(download)
        download.finish(DownloadStatus.COMPLETE, version.size_bytes, version.sha256, name, "etag")
        download.started_at = download.started_at.replace(year=2020, month=1, day=5)
        download.version = version
        session.commit()
    graph = story_anywhere.explain(f"{name}@1")
    assert ("product-version", "wasDerivedFrom", "archive-file") in relations(graph)
    assert ("download", "used", "archive-file") in relations(graph)
    assert one(graph, "archive-file").attributes["uri"] == uri
    assert "bad-delivery" in said(graph)
    assert "origin-unknown" not in said(graph)


def test_an_old_run_leads_to_its_exposure_and_to_what_read_its_log(services: Services) -> None:
    context = services.context
    reading = context.begin(lambda _, stamp: HistoryImport({"path": "old"}, stamp))
    with context.closing(HistoryImport, reading) as (session, importer):
        stamp = _stamp_of(importer)
        exposure = Exposure(Visit("bxl", "50"), Rootname(MEMBERS[0]))
        run = SkyRun(SkyRunGroup("f" * 64, "old"), SkyMethod.MATCH, {}, stamp, recipe_hash="e" * 64)
        recall(run, importer, importer.started_at, None, "AstroDrizzle 2.2.6")
        recall_values(
            run, [SkyValue(exposure, SkyLevel(MEMBERS[0], 1, 0.5, None))], SkyMethod.MATCH
        )
        session.add(run)
        fit = AlignmentRun("gaia.cat", {}, stamp)
        recall(fit, importer, None, None, "TweakReg 1.4.7")
        product = logged_product(PRODUCT, ProductKind.DRZ, exposure.visit)
        name = WcsName.parse("TWEAK")
        solution = logged_fit(product, fit, name, SolutionStatus.FAILED)
        session.add_all([fit, solution])
        session.flush()
        keys = run.id, solution.id
    graph = services.explain.explain(f"{MEMBERS[0]}[1]@{keys[0]}")
    assert relations(graph) >= {
        ("sky-value", "wasDerivedFrom", "exposure"),
        ("import", "wasInformedBy", "sky-run"),
        ("sky-run", "wasAssociatedWith", "tool"),
    }
    assert ("sky-run", "wasAssociatedWith", "person") not in relations(graph)
    assert "known-from-a-log" in said(graph)
    graph = services.explain.explain(f"run:{keys[0]}")
    assert ("sky-run", "used", "exposure") in relations(graph)
    graph = services.explain.explain(f"solution:{keys[1]}")
    assert ("alignment-solution", "wasDerivedFrom", "product") in relations(graph)


def test_an_old_run_of_many_exposures_tells_some_and_counts_the_others(
    services: Services,
) -> None:
    names = [f"ibxl50{number:02}q" for number in range(14)]
    run = SmallLedger(services).logged_run(
        SkyMethod.MATCH, dict.fromkeys(names, 0.5), on=day("2019-04-30")
    )
    graph = services.explain.explain(f"run:{run}")
    assert sum(node.kind == "exposure" for node in graph.nodes.values()) == 12
    assert one(graph, "collection").label == "2 other inputs"
    graph = services.explain.explain(f"run:{run}", everything=True)
    assert sum(node.kind == "exposure" for node in graph.nodes.values()) == 14


def _stamp_of(importer: HistoryImport) -> Stamp:
    return Stamp(importer.agent, importer.skydb_version)


def test_the_document_is_json_with_nodes_and_edges(told: Story) -> None:
    document = json.loads(json.dumps(as_document(told.explain(told.value)), allow_nan=False))
    nodes = {node["id"] for node in document["nodes"]}
    assert document["root"] in nodes
    assert {edge["source"] for edge in document["edges"]} <= nodes
    assert {edge["target"] for edge in document["edges"]} <= nodes
    assert {node["type"] for node in document["nodes"]} == {"entity", "activity", "agent"}
    assert LinkRole.SCIENCE.value in {edge["role"] for edge in document["edges"]}


def test_the_levels_of_the_engine_skydb_lead_to_what_measured_them(story: Story) -> None:
    context, recipe = story.services.context, "d" * 64
    measuring = context.begin(lambda _, stamp: OverlapMeasurement({}, stamp))
    measured = MeasuredChip(MEMBERS[0], 1, Level(1.0, 0.1, 9), SkyUnit.ELECTRON_PER_S, 1.0)
    with context.closing(OverlapMeasurement, measuring) as (session, activity):
        run = session.get_one(SkyRun, story.run)
        run.engine, run.parameters = SkyEngine.SKYDB, {"skydb": {"recipe": recipe}}
        version = next(v.version for v in run.values if v.exposure.rootname == MEMBERS[0])
        assert version is not None
        session.add(ChipLevel(version, activity, recipe, measured))
    graph = story.explain(story.value)
    assert ("sky-run", "wasInformedBy", "overlap") in relations(graph)


def test_a_version_without_any_file_is_explained_too(services: Services, tmp_path: Path) -> None:
    path = write_exposure(tmp_path, "ibxl50iaq")
    services.ingest.ingest([path])
    with services.context.store.writing() as session:
        for place in session.scalars(select(FileLocation)):
            session.delete(place)
        session.commit()
    graph = services.explain.explain("ibxl50iaq@1")
    assert "path" not in graph.nodes[graph.root].attributes
