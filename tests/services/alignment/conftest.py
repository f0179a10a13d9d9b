"""Small fields that several tests fit."""

from __future__ import annotations

import pytest

from tests.services.alignment.group_fields import GroupField


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> GroupField:
    """Two visits of three exposures with a handful of stars each."""
    return GroupField.simulated(tmp_path_factory.mktemp("groups"))
