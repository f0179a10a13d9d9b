"""Entities as nodes: file versions, solutions, catalogues, values, mosaics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from skydb.domain import (
    AlignmentSolution,
    Download,
    Exposure,
    Generation,
    HeaderBackup,
    Mosaic,
    ProductVersion,
    ReferenceCatalog,
    SkyValue,
    Usage,
)
from skydb.domain.trust import TRUST_FLOOR
from skydb.domain.vocabulary import DownloadStatus, LinkRole, SolutionOrigin, SolutionStatus
from skydb.drizzle.optionfiles import OptionFile
from skydb.services.provenance import ids
from skydb.services.provenance.graph import Lineage, Node, NodeType, Relation, RemarkKind, Thing

#: Lists in a document that are longer are counted, not shown: the edges have their members.
_LONGEST_LIST = 8

#: Columns of a solution that describe it and its quality.
_OF_A_SOLUTION = (
    *("origin", "status", "wcs_name", "wcs_type", "wcs_key", "nmatches", "rms_ra_mas"),
    *("rms_dec_mas", "fit_geometry", "dx_pix", "dy_pix", "rotation_deg", "scale", "trust"),
    *("predicted_shift_mas", "realised_shift_mas", "residual_mas", "fitted_at", "applied_at"),
)
_OF_A_VERSION = (
    *("sha256", "size_bytes", "is_managed", "cal_ver", "idctab", "tool_version"),
    "date_written",
)
_OF_A_CATALOG = (
    *("name", "service", "sources", "epoch", "epoch_asked", "has_proper_motions"),
    *("proper_motion_applied", "truncated", "sha256", "path", "query"),
)


def facts(source: object, names: tuple[str, ...], **more: object) -> dict[str, Any]:
    """Attributes of a row by name, JSON-able, without those that are unknown."""
    found = {name: getattr(source, name) for name in names} | more
    return {name: plain(value) for name, value in found.items() if value is not None}


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """A value as JSON can hold it; long lists become their length."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        many = len(value) > _LONGEST_LIST
        return f"{len(value)} items" if many else [plain(item) for item in value]
    return value


def add_version(graph: Lineage, version: ProductVersion, wcs_name: str | None = None) -> str:
    """Add a file version, with the name of its active WCS where that is known."""
    exposure = version.product.exposure
    attributes = facts(
        version,
        _OF_A_VERSION,
        path=version.known_path,
        filename=version.product.filename,
        version=version.number,
        kind=version.product.kind,
        rootname=exposure.rootname if exposure else None,
        wcs_name=wcs_name,
    )
    label = f"{version.product.filename}@{version.number}"
    return graph.add(
        Node(
            ids.version(version.id),
            NodeType.ENTITY,
            Thing.VERSION,
            label,
            version.recorded_at,
            attributes,
        )
    )


def add_solution(graph: Lineage, solution: AlignmentSolution) -> str:
    """A WCS, with what made it and what it was made from."""
    label = f"solution {solution.id} {solution.wcs_name}"
    node_id = ids.solution(solution.id)
    at = solution.fitted_at or solution.recorded_at
    attributes = facts(
        solution,
        _OF_A_SOLUTION,
        product=solution.product.filename,
        superseded_by=solution.superseded_by_id,
        read_from=solution.read_from,
        repeats=solution.repeats_id,
    )
    graph.add(Node(node_id, NodeType.ENTITY, Thing.SOLUTION, label, at, attributes))
    graph.link(Relation.GENERATED, node_id, ids.activity(solution.activity_id), _role_of(solution))
    _link_origin(graph, solution)
    if solution.catalog_id is not None:
        role = LinkRole.REFERENCE.value
        graph.link(Relation.DERIVED, node_id, ids.catalog(solution.catalog_id), role)
    _remark_solution(graph, node_id, solution)
    return node_id


def _role_of(solution: AlignmentSolution) -> str:
    return "fit" if solution.origin is SolutionOrigin.TWEAKREG else "wcs"


def _link_origin(graph: Lineage, solution: AlignmentSolution) -> None:
    """Link a solution to its version or its earlier solution, and a version to it."""
    node_id = ids.solution(solution.id)
    if solution.source_id is not None:
        source = ids.solution(solution.source_id)
        graph.link(Relation.DERIVED, node_id, source, "carried")
        graph.link(Relation.USED, ids.activity(solution.activity_id), source, "fit")
        if solution.version_id is not None and solution.wcs_key is not None:
            graph.link(Relation.DERIVED, ids.version(solution.version_id), node_id, "active wcs")
    elif solution.version_id is not None:
        graph.link(Relation.DERIVED, node_id, ids.version(solution.version_id), "fitted on")
    else:
        product = graph.add(
            Node(
                ids.product(solution.product_id),
                NodeType.ENTITY,
                Thing.PRODUCT,
                solution.product.filename,
            )
        )
        graph.link(Relation.DERIVED, node_id, product, "fitted on")
        message = "the fitted version is unknown; the fit is known from a log only."
        graph.remark(product, RemarkKind.FROM_A_LOG, solution.product.filename, message)
    if solution.applied_version_id is not None:
        graph.link(
            Relation.DERIVED, ids.version(solution.applied_version_id), node_id, "active wcs"
        )


def _remark_solution(graph: Lineage, node_id: str, solution: AlignmentSolution) -> None:
    subject = solution.product.filename
    if solution.reason:
        kind = RemarkKind.FAILED if solution.status is SolutionStatus.FAILED else RemarkKind.REASON
        graph.remark(node_id, kind, subject, solution.reason)
    if solution.is_weak:
        message = f"{solution.nmatches} matches; {solution.matches_wanted} are wanted."
        graph.remark(node_id, RemarkKind.UNTRUSTED, subject, message)
    elif solution.trust is not None and solution.trust < TRUST_FLOOR:
        message = f"trust {solution.trust:.2f}; {TRUST_FLOOR} is wanted."
        graph.remark(node_id, RemarkKind.UNTRUSTED, subject, message)
    if solution.superseded_by_id is not None:
        message = f"superseded by solution {solution.superseded_by_id}."
        graph.remark(node_id, RemarkKind.SUPERSEDED, subject, message)


def add_catalog(graph: Lineage, catalog: ReferenceCatalog) -> str:
    """A reference catalogue, and what brought it."""
    node_id = ids.catalog(catalog.id)
    label = f"catalogue {catalog.name}"
    attributes = facts(catalog, _OF_A_CATALOG)
    graph.add(Node(node_id, NodeType.ENTITY, Thing.CATALOG, label, catalog.obtained_at, attributes))
    graph.link(
        Relation.GENERATED, node_id, ids.activity(catalog.activity_id), LinkRole.REFERENCE.value
    )
    if catalog.truncated:
        message = "the service cut the answer short."
        graph.remark(node_id, RemarkKind.CATALOG, catalog.name, message)
    if catalog.superseded_by_id is not None:
        message = f"superseded by catalogue {catalog.superseded_by_id}."
        graph.remark(node_id, RemarkKind.SUPERSEDED, catalog.name, message)
    return node_id


def _line_of(value: SkyValue) -> str | None:
    """Line of the log that a value was read from, as FILE:LINE."""
    log = value.run.parameters.get("log") if value.log_line is not None else None
    return f"{log['name']}:{value.log_line}" if isinstance(log, Mapping) else None


def add_value(graph: Lineage, value: SkyValue) -> str:
    """Add MDRIZSKY of one chip, its run and the version it was measured on."""
    exposure, node_id = value.exposure, ids.value(value)
    run = value.run
    method = run.effective_method or run.requested_method
    attributes = facts(
        value,
        ("extver", "mdrizsky", "mdrizsky_sigma", "unit"),
        read_from=_line_of(value),
        rootname=exposure.rootname,
        run=value.run_id,
        method=method,
        requested_method=run.requested_method,
        is_relative=method.is_relative if method else None,
    )
    label = f"sky of {exposure.rootname}[{value.extver}]"
    graph.add(Node(node_id, NodeType.ENTITY, Thing.VALUE, label, run.finished_at, attributes))
    graph.link(Relation.GENERATED, node_id, ids.activity(value.run_id), "sky")
    if value.mdrizsky is None:
        message = "the run gave it no value: it matched nothing."
        graph.remark(node_id, RemarkKind.REASON, exposure.rootname, message)
    if value.version_id is not None:
        role = LinkRole.SCIENCE.value
        graph.link(Relation.DERIVED, node_id, ids.version(value.version_id), role)
        return node_id
    named = add_exposure(graph, exposure.rootname)
    graph.link(Relation.DERIVED, node_id, named, LinkRole.SCIENCE.value)
    return node_id


def add_known_exposure(graph: Lineage, exposure: Exposure) -> str:
    """Add an exposure with its versions, each a node of its own."""
    attributes = facts(
        exposure,
        ("rootname", "instrument", "detector", "filters", "exptime_s", "date_obs", "target_name"),
        visit=exposure.visit.label,
        proposal_id=exposure.visit.proposal_id,
    )
    node_id = ids.exposure(exposure.rootname)
    label = exposure.rootname
    graph.add(Node(node_id, NodeType.ENTITY, Thing.EXPOSURE, label, None, attributes))
    for product in exposure.products:
        for version in product.versions:
            kind = f"{product.flavour} {product.kind}"
            graph.link(Relation.SPECIALIZED, ids.version(version.id), node_id, kind)
            for solution in version.solutions:
                graph.link(Relation.DERIVED, ids.solution(solution.id), node_id, "WCS")
    return node_id


def add_exposure(graph: Lineage, rootname: str) -> str:
    """Add an exposure of which a run used an unknown version."""
    named = graph.add(Node(ids.exposure(rootname), NodeType.ENTITY, Thing.EXPOSURE, rootname))
    message = "the version that was used is unknown; only a log names the exposure."
    graph.remark(named, RemarkKind.FROM_A_LOG, rootname, message)
    return named


def add_mosaic(graph: Lineage, mosaic: Mosaic) -> str:
    """Add the mosaic of a run."""
    node_id = ids.mosaic(mosaic.run_id)
    names = ("science_path", "weight_path", "science_sha256", "weight_sha256", "size_bytes")
    attributes = facts(mosaic, names, naxis_pix=[mosaic.naxis1_pix, mosaic.naxis2_pix])
    label = f"mosaic of run {mosaic.run_id}"
    at = mosaic.run.finished_at
    graph.add(Node(node_id, NodeType.ENTITY, Thing.MOSAIC, label, at, attributes))
    graph.link(Relation.GENERATED, node_id, ids.activity(mosaic.run_id), LinkRole.MOSAIC.value)
    if mosaic.purged_at is not None:
        message = f"its pixels were purged on {mosaic.purged_at:%Y-%m-%d}."
        graph.remark(node_id, RemarkKind.PURGED, label, message)
    return node_id


def add_option_file(graph: Lineage, activity_id: str, file: OptionFile) -> str:
    """Add a file that an option of a run or a list names, with its checksum then."""
    node_id = ids.option_file(str(file.path), file.sha256)
    attributes = {"path": str(file.path), "sha256": file.sha256}
    label = f"file {file.path.name}"
    graph.add(Node(node_id, NodeType.ENTITY, Thing.OPTION_FILE, label, None, attributes))
    graph.link(Relation.USED, activity_id, node_id, file.option)
    return node_id


def add_download(graph: Lineage, download: Download, maker_id: int | None) -> str:
    """Add an archive file, the activity that fetched it, and the version that it became.

    Parameters
    ----------
    graph : Lineage
    download : Download
        One that brought a version.
    maker_id : int or None
        The ingest that recorded the version.
    """
    node_id = ids.archive_file(download)
    attributes = facts(
        download, ("uri", "etag", "expected_bytes", "received_bytes", "sha256", "attempt", "status")
    )
    at = download.finished_at
    graph.add(Node(node_id, NodeType.ENTITY, Thing.ARCHIVE_FILE, download.uri, at, attributes))
    graph.link(Relation.USED, ids.activity(download.activity_id), node_id, "source")
    if download.version_id is None:
        return node_id
    version = ids.version(download.version_id)
    if download.status is DownloadStatus.COMPLETE:
        graph.link(Relation.DERIVED, version, node_id, "downloaded")
    else:
        graph.link(Relation.ALTERNATE, version, node_id, "found here already")
    # The ingest of a fetch begins after the fetch; an earlier one knows nothing of it.
    if maker_id is not None and maker_id > download.activity_id:
        graph.link(
            Relation.INFORMED, ids.activity(maker_id), ids.activity(download.activity_id), "fetched"
        )
    return node_id


def add_header_backup(graph: Lineage, backup: HeaderBackup) -> None:
    """A file of the user's that was given the headers of a version."""
    before, after = ids.version(backup.version_before_id), ids.version(backup.version_after_id)
    node_id = graph.add(
        Node(ids.user_file(backup.path), NodeType.ENTITY, Thing.USER_FILE, backup.path)
    )
    graph.link(Relation.GENERATED, node_id, ids.activity(backup.activity_id), "written")
    graph.link(Relation.DERIVED, node_id, after, "written")
    message = f"was written to {backup.path} by activity {backup.activity_id}."
    if backup.restored_by_id is not None:
        restored = ids.activity(backup.restored_by_id)
        graph.link(Relation.GENERATED, node_id, restored, "put back")
        graph.link(Relation.DERIVED, node_id, before, "put back")
        message = f"{message[:-1]}, and taken back by activity {backup.restored_by_id}."
    graph.remark(after, RemarkKind.WRITTEN, backup.path, message)


def derive(graph: Lineage, made: Iterable[Generation], used: Iterable[Usage]) -> None:
    """Link every version to the earlier ones of the same file that it was made from."""
    inputs: dict[int, list[ProductVersion]] = {}
    for use in used:
        inputs.setdefault(use.activity_id, []).append(use.version)
    for link in made:
        later = link.version
        for earlier in inputs.get(link.activity_id, ()):
            if earlier.product_id == later.product_id and earlier.number < later.number:
                add_derivation(graph, later.id, earlier.id)


def add_derivation(graph: Lineage, later_id: int, earlier_id: int) -> None:
    """Link a version to an earlier one of the same file that it was made from."""
    later, earlier = ids.version(later_id), ids.version(earlier_id)
    graph.link(Relation.DERIVED, later, earlier, "earlier version")
