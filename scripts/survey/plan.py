"""What a made-up survey consists of, and which row has which number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from skydb.domain.entities import Base

#: Rows of one entity, column by column.
Batch = tuple[type[Base], Mapping[str, Sequence[Any]]]

EXPOSURES_PER_VISIT = 10
VISITS_PER_FIELD = 2
EXPOSURES_PER_FIELD = EXPOSURES_PER_VISIT * VISITS_PER_FIELD
METHODS = ("localmin", "match", "globalmin+match", "globalmin")

#: How many releases of drizzlepac the survey went through, and which was condemned.
RELEASES = 8
CONDEMNED = 4

#: When the survey's first exposure was taken, in MJD, and how long the survey took.
FIRST_MJD = 52700.0
SPAN_DAYS = 7000.0

#: A program has so many visits, which is what one of HST typically has.
VISITS_PER_PROGRAM = 20

#: When the ledger was begun, and how long it took to bring all fields in, one after another.
BEGUN = datetime(2019, 1, 1, tzinfo=UTC)
LEDGER_DAYS = 2700.0

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class SurveyPlan:
    """How large the survey is.

    Parameters
    ----------
    exposures : int
        Rounded up to whole fields of 20 exposures in two visits.
    seed : int
        Everything follows from it.
    fields_per_batch : int
        How many fields are in memory at once.
    """

    exposures: int = 1_000_000
    seed: int = 20190430
    fields_per_batch: int = 500

    @property
    def fields(self) -> int:
        """Number of fields, each with a group of sky runs for every epoch."""
        return -(-self.exposures // EXPOSURES_PER_FIELD)

    def ingested_at(self, field: int) -> datetime:
        """When the files of a field came to the ledger."""
        return BEGUN + timedelta(days=LEDGER_DAYS * field / self.fields)

    def fitted_at(self, field: int) -> datetime:
        """When its products were fitted and its fits accepted."""
        return self.ingested_at(field) + timedelta(days=10)

    def run_at(self, field: int, epoch: int) -> datetime:
        """When its skies were measured."""
        return self.ingested_at(field) + timedelta(days=20 + 100 * epoch)

    @property
    def visits(self) -> int:
        """Number of visits."""
        return self.fields * VISITS_PER_FIELD


def epochs_of(field: int) -> int:
    """How often the sky of a field was measured: two or three times."""
    return 2 + field % 2


def first_epoch(field: int) -> int:
    """How many epochs the fields before this one have."""
    return 2 * field + field // 2


def base36(number: int, length: int) -> str:
    """Number in digits and lower-case letters, of fixed length."""
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def visit_name(visit: int) -> tuple[str, str]:
    """Program and visit number of a visit counted from 0."""
    program, number = divmod(visit, VISITS_PER_PROGRAM)
    return base36(program, 3), base36(number, 2)


def rootname(exposure: int) -> str:
    """Rootname of an exposure counted from 0."""
    program, number = visit_name(exposure // EXPOSURES_PER_VISIT)
    return f"i{program}{number}{base36(exposure % EXPOSURES_PER_VISIT, 2)}q"
