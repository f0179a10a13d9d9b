"""Places on a chip, counted by hand."""

from __future__ import annotations

from skydb.domain.outline import grid_pix, outline_pix


def test_an_outline_goes_round_the_outer_edge_along_x_first() -> None:
    assert outline_pix((4, 10), 2).tolist() == [
        *([0.5, 0.5], [2.5, 0.5], [4.5, 0.5], [4.5, 5.5]),
        *([4.5, 10.5], [2.5, 10.5], [0.5, 10.5], [0.5, 5.5]),
    ]
    assert outline_pix((4, 10)).shape == (20, 2)


def test_a_grid_goes_from_edge_to_edge_with_x_running_fastest() -> None:
    assert grid_pix((4, 10), 3).tolist() == [
        *([0.5, 0.5], [2.5, 0.5], [4.5, 0.5]),
        *([0.5, 5.5], [2.5, 5.5], [4.5, 5.5]),
        *([0.5, 10.5], [2.5, 10.5], [4.5, 10.5]),
    ]
    assert grid_pix((4, 10)).shape == (81, 2)
