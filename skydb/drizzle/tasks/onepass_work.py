"""One pass over the exposures, shared by processes.

They share the masks and the mosaics. Exposures are added in their order, whichever process
drizzles them, so that a mosaic does not depend on the number of processes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from skydb.drizzle.tasks.onepass_chips import Kernel, chips_of, drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_fronts import Front, Fronts, direction_of_rows
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_means import Means, MeansKernel
from skydb.drizzle.tasks.onepass_mosaics import Mosaics
from skydb.drizzle.tasks.onepass_processes import Turns
from skydb.drizzle.tasks.onepass_square import SquareKernel
from skydb.drizzle.tasks.onepass_static import StaticMasks
from skydb.drizzle.tasks.onepass_sums import Drizzled, Sums

#: Sky of every chip by file name and EXTVER.
Skies = Mapping[tuple[str, int], float | None]


@dataclass
class Pass:
    """Everything that the processes share.

    Parameters
    ----------
    exposures : Field
        The exposures and the output.
    skies : sequence of mapping
        For every mosaic the sky of every chip by file name and EXTVER.
    sums : Mosaics
        The mosaics in the making.
    static : StaticMasks
        Pixels that are bad in all exposures.
    """

    exposures: Field
    skies: Sequence[Skies]
    sums: Mosaics
    static: StaticMasks
    _added: Turns = field(default_factory=Turns, init=False)

    @property
    def has_context(self) -> bool:
        """Whether there will be a context image."""
        return self.sums.context is not None

    def mask(self, index: int) -> None:
        """Let one exposure say which pixels are bad in all."""
        with self._giving_up():
            self.static.add(index)

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """End the waiting of all processes when this one fails."""
        try:
            yield
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        self.static.give_up()
        self._added.give_up()

    def _turn(self, index: int, order: int) -> AbstractContextManager[None]:
        """The turn of one chip of an exposure to be added."""
        return self._added.turn(self.exposures.first_chips[index] + order)

    def _wanted(self, image: Any) -> set[str]:  # noqa: ANN401
        names = {image.scienceExt, image.maskExt}
        if self.exposures.parameters["wht_type"] == "ERR":
            names.add(image.errExt)
        return names

    def _skies_of(self, index: int, chip: Any) -> list[float]:  # noqa: ANN401
        """Find the sky of a chip in every mosaic."""
        name = self.exposures.images[index]._filename
        return [mosaic[name, chip.extver] or 0.0 for mosaic in self.skies]


class PlainPass(Pass, ABC):
    """A pass that takes the exposures as they are."""

    def drizzle(self, index: int) -> None:
        """Drizzle one exposure, once all masks are known, and add it to the mosaics."""
        self.static.wait()
        image, kernel = self.exposures.images[index], self._kernel(index)
        resetbits = int(self.exposures.config["resetbits"])
        with self._giving_up(), pixels(image, self._wanted(image), resetbits):
            drizzle_exposure(self.exposures, index, kernel, self.static.by_kind)

    @abstractmethod
    def _kernel(self, index: int) -> Kernel:
        """The stand-in for ``adrizzle.do_driz`` that adds the chips of one exposure."""


@dataclass
class SummingPass(PlainPass):
    """Drizzles each chip as it is; what the mosaics differ in is a sum of its weights."""

    sums: Sums

    def _kernel(self, index: int) -> Kernel:
        chips = chips_of(self.exposures.images[index])
        return KernelCall(partial(self._receive, index, chips), self.has_context)

    def _receive(
        self, index: int, chips: Sequence[Any], order: int, drizzled: Drizzled, unit: float
    ) -> None:
        """Add one drizzled chip when it is its turn."""
        chip = chips[order]
        with self._turn(index, order):
            self.sums.add(drizzled, self._skies_of(index, chip), unit * chip._effGain)


@dataclass
class MeansPass(PlainPass):
    """Adds each chip to all mosaics at once, less the sky of each.

    Parameters
    ----------
    square : SquareKernel
        The faster kernel.
    """

    sums: Means
    square: SquareKernel = field(kw_only=True)
    _fronts: Fronts = field(init=False)

    def __post_init__(self) -> None:
        first = chips_of(self.exposures.images[0])[0]
        direction = direction_of_rows(first.wcs, self.exposures.wcs.final_wcs)
        self._fronts = Fronts(self.exposures.chips, direction)

    def _give_up(self) -> None:
        super()._give_up()
        self._fronts.give_up()

    def _kernel(self, index: int) -> Kernel:
        # drizzlepac has multiplied the pixels with the gain when it comes to its kernel.
        skies = [
            [sky * chip._effGain for sky in self._skies_of(index, chip)]
            for chip in chips_of(self.exposures.images[index])
        ]
        first = self.exposures.first_chips[index]
        return MeansKernel(
            self.square, self.sums, skies, lambda order: Front(self._fronts, first + order)
        )
