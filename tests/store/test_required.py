"""Runs that have to be there."""

from __future__ import annotations

import pytest

from skydb.domain import Activity, AlignmentRun, SkyRun
from skydb.errors import NotFoundError
from skydb.store.required import require_run
from skydb.store.unit_of_work import Store


@pytest.mark.parametrize("number", [7, 2**31, 2**70])
@pytest.mark.parametrize(
    ("kind", "name"), [(Activity, "run"), (SkyRun, "sky run"), (AlignmentRun, "alignment run")]
)
@pytest.mark.alternating
def test_a_run_that_there_is_not_is_named_whatever_its_number(
    store: Store, kind: type[Activity], name: str, number: int
) -> None:
    with (
        store.reading() as session,
        pytest.raises(NotFoundError, match=f"There is no {name} {number}") as caught,
    ):
        require_run(session, kind, number)
    assert caught.value.advice
