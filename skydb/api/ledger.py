"""The facade that Python programs use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from skydb.api.alignment import AlignmentFacade
from skydb.api.books import BooksFacade
from skydb.api.comparison import ComparisonFacade
from skydb.api.composition import Services
from skydb.api.files import FilesFacade
from skydb.api.provenance import ProvenanceFacade
from skydb.api.retention import RetentionFacade
from skydb.api.runs import RunsFacade
from skydb.api.skies import SkyFacade
from skydb.api.spatial import SpatialFacade
from skydb.services.core import close_begun

if TYPE_CHECKING:
    from skydb.services.selftest import FieldMaker


class Ledger(
    FilesFacade,
    AlignmentFacade,
    SkyFacade,
    ComparisonFacade,
    BooksFacade,
    RunsFacade,
    RetentionFacade,
    SpatialFacade,
    ProvenanceFacade,
):
    """A ledger without sessions: each method is a command, each answer a ``QTable``.

    Columns with a unit in their name are quantities; a missing value is masked.

    Parameters
    ----------
    services : Services
        What does the work; use :func:`skydb.open`.
    """

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        data: str | Path | None = None,
        fields: FieldMaker | None = None,
    ) -> Self:
        """Open a ledger; see :func:`skydb.open`."""
        return cls(Services.open(url, data, fields=fields))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and not isinstance(error, Exception):
            close_begun(self.services.context.store, type(error).__name__)
        self.close()

    def close(self) -> None:
        """Give back the database connections."""
        self.services.close()
