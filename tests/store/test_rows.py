"""Many rows are built without looks for garbage, which come back afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from skydb.store.rows import batches, many_rows


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_looked_for_as_before(*, collects: bool) -> None:
    (gc.enable if collects else gc.disable)()
    with many_rows():
        assert not gc.isenabled()
    assert gc.isenabled() == collects


def test_an_error_brings_it_back_too() -> None:
    gc.enable()
    with pytest.raises(ValueError, match="no row"), many_rows():
        raise ValueError("no row")
    assert gc.isenabled()


def test_keys_come_once_and_in_order() -> None:
    assert list(batches([3, 1, 3, 2], 2)) == [[1, 2], [3]]
