"""Times are stored and read in one zone, whatever zone they were given in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from skydb.domain.base import UtcDateTime, utc_now

DIALECT = sqlite.dialect()
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=ZONES)


@given(TIMES)
def test_a_time_of_any_zone_is_stored_as_the_same_time_in_utc(time: datetime) -> None:
    stored = UtcDateTime().process_bind_param(time, DIALECT)
    assert stored == time and stored is not None and stored.tzinfo is UTC


@given(TIMES)
def test_a_time_that_is_read_with_a_zone_is_the_same_in_utc(time: datetime) -> None:
    read = UtcDateTime().process_result_value(time, DIALECT)
    assert read == time and read is not None and read.tzinfo is UTC


def test_a_time_that_is_read_without_a_zone_is_utc() -> None:
    noon = datetime(2020, 1, 1, 12)
    assert UtcDateTime().process_result_value(noon, DIALECT) == noon.replace(tzinfo=UTC)


def test_no_time_is_no_time() -> None:
    kind = UtcDateTime()
    assert kind.process_bind_param(None, DIALECT) is None
    assert kind.process_result_value(None, DIALECT) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has no time zone; use skydb\.domain\.base\.utc_now"):
        UtcDateTime().process_bind_param(datetime(2020, 1, 1), DIALECT)
    assert utc_now().tzinfo is UTC
