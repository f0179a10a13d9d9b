"""Chips that are added at the same time keep their order where they meet."""

import itertools
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.drizzle.tasks.onepass_fronts import Front, Fronts, direction_of_rows
from skydb.drizzle.tasks.onepass_processes import GivenUpError
from skydb.drizzle.tasks.onepass_square import ChipRefusedError

UP = (0.0, 1.0)


def border(first, last):
    """Corners of a block between two rows of the mosaic."""
    return np.array([[0.0, 9.0, 0.0, 9.0], [first, first, last, last]], dtype=float)


@st.composite
def ways(draw):
    """Blocks of some chips: each goes up or down from somewhere, in steps."""
    found = []
    for _ in range(draw(st.integers(2, 4))):
        start, step = draw(st.integers(0, 60)), draw(st.sampled_from([-10, 10, 15]))
        count = draw(st.integers(1, 4))
        edges = [start + step * number for number in range(count + 1)]
        found.append([tuple(sorted(pair)) for pair in itertools.pairwise(edges)])
    return found


@settings(deadline=None)
@given(ways(), st.randoms(use_true_random=False))
def test_blocks_that_meet_are_added_in_the_order_of_their_chips(found, random):
    fronts, added, lock = Fronts(len(found), UP), [], threading.Lock()

    def go(chip):
        front = Front(fronts, chip)
        front.plan([border(*block) for block in found[chip]])
        for number, block in enumerate(found[chip]):
            with front.block(number, border(*block)), lock:
                added.append((chip, block))

    threads = [threading.Thread(target=go, args=(chip,)) for chip in range(len(found))]
    for thread in random.sample(threads, len(threads)):
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(added) == sum(map(len, found))
    for (chip, block), (later, other) in itertools.combinations(added, 2):
        meet = block[0] <= other[1] and other[0] <= block[1]
        assert chip <= later or not meet


def test_a_chip_goes_on_where_those_before_it_will_not_come():
    fronts = Fronts(2, UP)
    first, second = Front(fronts, 0), Front(fronts, 1)
    first.plan([border(100, 110), border(110, 120)])
    second.plan([border(0, 10), border(110, 120)])
    with second.block(0, border(0, 10)):
        pass  # the first has not even begun
    waiting = threading.Thread(target=lambda: second.block(1, border(110, 120)).__enter__())
    waiting.start()
    for number, rows in enumerate([(100, 110), (110, 120)]):
        waiting.join(0.05)
        assert waiting.is_alive()
        with first.block(number, border(*rows)):
            pass
    waiting.join(20)
    assert not waiting.is_alive()


def test_a_chip_that_has_said_nothing_may_come_anywhere():
    fronts = Fronts(2, UP)
    second = Front(fronts, 1)
    second.plan([border(0, 10)])
    fronts.give_up()
    with pytest.raises(GivenUpError), second.block(0, border(0, 10)):
        pass


@pytest.mark.parametrize("last", [30.0, np.nan])
def test_rows_that_lie_elsewhere_than_was_said_are_refused(last):
    front = Front(Fronts(1, UP), 0)
    front.plan([border(0, 10)])
    with pytest.raises(ChipRefusedError), front.block(0, border(0, last)):
        pass


@pytest.mark.parametrize(("turn_deg", "direction"), [(0, (0, 1)), (90, (-1, 0)), (180, (0, -1))])
def test_rows_follow_each_other_as_the_chip_is_turned(turn_deg, direction):
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    chip = SimpleNamespace(pixel_shape=(40, 20), all_pix2world=lambda at, _: np.array(at) @ turn.T)
    mosaic = SimpleNamespace(wcs_world2pix=lambda at, _: at)
    assert direction_of_rows(chip, mosaic) == pytest.approx(direction)
