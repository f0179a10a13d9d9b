"""Acceptance: its result, and when it writes to the user's files."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from skydb.api.alignment import AlignGroup
from skydb.domain.vocabulary import SolutionStatus
from skydb.errors import UsageError
from skydb.services.alignment.accept_outcome import AcceptOutcome
from skydb.services.core import HeaderChanges


@pytest.mark.parametrize("write_headers", [True, False])
def test_acceptance_gives_its_outcomes_and_writes_headers_only_when_told(
    write_headers: bool,
) -> None:
    values = dict.fromkeys(AcceptOutcome.__dataclass_fields__)
    outcome = AcceptOutcome(**values | {"status": SolutionStatus.APPLIED})
    services = SimpleNamespace(accept=Mock(), headers=Mock())
    services.accept.accept.return_value = [outcome, outcome]
    services.headers.accept.return_value = ([outcome, outcome], HeaderChanges(()))
    align = AlignGroup(SimpleNamespace(services=services))
    accepted = align.accept("7", force_why="seen", write_headers=write_headers)
    assert [row.status for row in accepted] == ["applied"] * 2
    asked, other = services.headers.accept, services.accept.accept
    if not write_headers:
        asked, other = other, asked
    asked.assert_called_once_with(7, force_why="seen")
    other.assert_not_called()


def test_a_run_needs_a_catalogue_or_is_relative() -> None:
    align = AlignGroup(SimpleNamespace())
    wrong: dict[str, Any]
    for wrong in ({}, {"refcat": "gaia", "relative": True}):
        with pytest.raises(UsageError, match="either a catalogue or"):
            align.run(**wrong)
    with pytest.raises(UsageError, match="drizzled, exposures, group"):
        align.run(refcat="gaia", what="mosaics")
    with pytest.raises(UsageError, match="does not fit groups"):
        align.run(refcat="gaia", what="group", options={"minobj": 4})


def test_visits_are_aligned_to_each_other_without_a_catalogue() -> None:
    services = MagicMock()
    services.align_groups.explain.return_value = []
    assert list(AlignGroup(SimpleNamespace(services=services)).inputs(relative=True)) == []
    # None says so: the names of a list, an empty one too, are looked up.
    assert services.align_groups.explain.call_args.args[0] is None
