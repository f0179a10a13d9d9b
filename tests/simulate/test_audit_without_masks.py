"""An audit of a run that kept no masks."""

from __future__ import annotations

from skydb.simulate.audit import _score_cells
from skydb.simulate.masks import MaskScore


def test_without_masks_hits_are_not_known_and_not_none() -> None:
    assert set(_score_cells(None).values()) == {None}
    assert _score_cells(None).keys() == _score_cells(MaskScore()).keys()
    assert _score_cells(MaskScore())["hit"] == 0
