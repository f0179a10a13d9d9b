"""Runs that an import remembers."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from skydb.services.history.register import Register


def test_runs_that_are_written_are_remembered_by_number_alone() -> None:
    plan: Any = SimpleNamespace(
        started_at=datetime(2019, 4, 30, tzinfo=UTC),
        software=SimpleNamespace(tool_version="AstroDrizzle 2.2.6"),
        source=SimpleNamespace(identity="a" * 64),
        is_complete=True,
    )
    row: Any = SimpleNamespace(id=None)
    register = Register()
    register.add(plan, row)
    assert register.begun_with(plan) == (row,)
    row.id = 7
    register.settle()
    assert register.begun_with(plan) == (7,)
    assert register.run_of(plan) == 7
