"""One pass over the exposures, shared by processes.

They share the masks and the sums. Exposures are added in their order, whichever process
drizzles them, so that a mosaic does not depend on the number of processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from skydb.drizzle.tasks.onepass_chips import chips_of, drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_processes import Turns
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
    sums : Sums
        The mosaics in the making.
    static : StaticMasks
        Pixels that are bad in all exposures.
    """

    exposures: Field
    skies: Sequence[Skies]
    sums: Sums
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

    def drizzle(self, index: int) -> None:
        """Drizzle one exposure, once all masks are known, and add it to the sums."""
        self.static.wait()
        image = self.exposures.images[index]
        kernel = KernelCall(
            partial(self._receive, index, chips_of(image)), self.has_context, self.exposures.square
        )
        resetbits = int(self.exposures.config["resetbits"])
        with self._giving_up(), pixels(image, self._wanted(image), resetbits):
            drizzle_exposure(self.exposures, index, kernel, self.static.by_kind)

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """End the waiting of all processes when this one fails."""
        try:
            yield
        except BaseException:
            self.static.give_up()
            self._added.give_up()
            raise

    def _wanted(self, image: Any) -> set[str]:  # noqa: ANN401
        names = {image.scienceExt, image.maskExt}
        if self.exposures.parameters["wht_type"] == "ERR":
            names.add(image.errExt)
        return names

    def _receive(
        self, index: int, chips: Sequence[Any], order: int, drizzled: Drizzled, unit: float
    ) -> None:
        """Add one drizzled chip when it is its turn."""
        name, chip = self.exposures.images[index]._filename, chips[order]
        scale = unit * chip._effGain
        skies = [mosaic[name, chip.extver] for mosaic in self.skies]
        with self._added.turn(self.exposures.first_chips[index] + order):
            self.sums.add(drizzled, [sky or 0.0 for sky in skies], scale)
