"""Static masks of a pass: pixels far below the mode of any exposure are bad in all of its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from skydb.drizzle.tasks.onepass_chips import chips_of, pixels
from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_mosaics import Array, shared
from skydb.drizzle.tasks.onepass_processes import Turns

_STEP_STATIC_MASK = 1


class StaticMasks:
    """Masks in memory that forked processes share, made by one exposure after the other.

    Parameters
    ----------
    exposures : Field
        The exposures.
    """

    def __init__(self, exposures: Field) -> None:
        #: Mask of every kind of chip, by its signature; empty when the step is off.
        self.by_kind: dict[Any, Array] = {}
        self._exposures = exposures
        self._turns = Turns()
        if self.is_on:
            chips = (chip for image in exposures.images for chip in chips_of(image))
            for signature in {chip.signature for chip in chips}:
                self.by_kind[signature] = shared(signature[1], np.bool_)
                self.by_kind[signature][:] = True

    @property
    def is_on(self) -> bool:
        """Whether the settings ask for them."""
        from drizzlepac import util

        config = self._exposures.config
        return bool(config[util.getSectionName(config, _STEP_STATIC_MASK)]["static"])

    def add(self, index: int) -> None:
        """Let one exposure say which pixels are bad in all (``staticMask``)."""
        from drizzlepac import staticMask

        image = self._exposures.images[index]
        found = staticMask.staticMask(self._exposures.config)
        with pixels(image, {image.scienceExt}):
            found.addMember(image)
        with self._turns.turn(index):
            for signature, mask in found.masklist.items():
                np.logical_and(self.by_kind[signature], mask, out=self.by_kind[signature])

    def wait(self) -> None:
        """Wait until every exposure has had its say."""
        if self.is_on:
            self._turns.all_before(len(self._exposures.images))

    def give_up(self) -> None:
        """End the waiting of all processes."""
        self._turns.give_up()
