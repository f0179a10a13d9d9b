"""The facade's acceptance: what it returns, and when it writes to the user's files."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from skydb.api.alignment import AlignmentFacade
from skydb.domain.vocabulary import SolutionStatus
from skydb.services.alignment.accept_outcome import AcceptOutcome


@pytest.mark.parametrize("write_headers", [True, False])
def test_acceptance_gives_its_outcomes_and_writes_headers_only_when_told(
    write_headers: bool,
) -> None:
    values = dict.fromkeys(AcceptOutcome.__dataclass_fields__)
    outcome = AcceptOutcome(**values | {"status": SolutionStatus.APPLIED})
    services = SimpleNamespace(accept=Mock(), headers=Mock())
    services.accept.accept.return_value = [outcome, outcome]
    services.headers.accept.return_value = ([outcome, outcome], [])
    ledger = AlignmentFacade(services)
    table = ledger.align_accept("7", force_why="seen", write_headers=write_headers)
    assert len(table) == 2 and list(table["status"]) == ["applied"] * 2
    asked, other = services.headers.accept, services.accept.accept
    if not write_headers:
        asked, other = other, asked
    asked.assert_called_once_with(7, force_why="seen")
    other.assert_not_called()
