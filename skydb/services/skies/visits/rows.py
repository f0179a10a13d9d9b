"""Rows of a drizzling of a visit: one row a product."""

from __future__ import annotations

from skydb.domain import VisitDrizzle
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import SkydbError
from skydb.files.workspace import Workspace
from skydb.services.intake import Selection
from skydb.store.queries import Row


def row_of(drizzle: VisitDrizzle, workspace: Workspace, *, reused: bool) -> Row:
    """One drizzling as a row; ``path`` is absolute, ``stored_path`` as the ledger writes it."""
    version = drizzle.product_version
    stored = version.path if version is not None and version.locations else None
    effective = drizzle.effective_method
    return {
        "visit": drizzle.visit.label,
        "filter": drizzle.filters,
        "detector": drizzle.detector,
        "product": version.filename if version else None,
        "version": version.number if version else None,
        "path": str(workspace.resolve(stored)) if stored else None,
        "stored_path": stored,
        "run": drizzle.id,
        "status": drizzle.status.value,
        "members": [one.rootname for one in version.product.members] if version else [],
        "method": effective.value if effective else drizzle.requested_method.value,
        "requested_method": drizzle.requested_method.value,
        "preset": drizzle.parameters.get("preset"),
        "skies": drizzle.skies,
        "seconds": drizzle.seconds,
        "reused": reused,
        "error": drizzle.error,
        "findings": [finding.sentence for finding in drizzle.findings],
    }


def failed_row(selection: Selection, error: SkydbError) -> Row:
    """A visit of which no product could be begun, as a row."""
    nothing = dict.fromkeys(
        ("product", "version", "path", "stored_path", "run", "method", "requested_method", "preset")
    )
    return {
        "visit": next(iter(selection.visits), None),
        "filter": selection.filter,
        "detector": selection.detector,
        **nothing,
        "status": ActivityStatus.FAILED.value,
        "members": [],
        "skies": {},
        "seconds": None,
        "reused": False,
        "error": str(error),
        "findings": [],
    }
