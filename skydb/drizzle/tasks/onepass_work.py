"""One pass over the exposures on all cores.

The processes are forked after the imports and share the sums. Exposures are added in
their order whoever drizzles them, so that a mosaic does not depend on the number of
processes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar, Self
from unittest import mock

import numpy as np
from astropy.io import fits

from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_sums import Array, Drizzled, Sums, shared

#: Header values of one drizzled chip, as ``adrizzle.run_driz_chip`` collects them.
ChipRecord = dict[str, Any]

_FORK = multiprocessing.get_context("fork")
_STEP_STATIC_MASK = 1


class GivenUpError(RuntimeError):
    """What a process waits for will not happen; another one has said why."""


class Turns:
    """Lets processes do something one after the other, in the order of their numbers."""

    def __init__(self) -> None:
        self._condition = _FORK.Condition()
        self._next = _FORK.Value("i", 0, lock=False)
        self._broken = _FORK.Value("b", 0, lock=False)

    @contextmanager
    def turn(self, number: int) -> Iterator[None]:
        """Wait for all lower numbers, and let the next one in at the end.

        Raises
        ------
        GivenUpError
            When a lower number will never come.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._broken.value or self._next.value == number)
            if self._broken.value:
                raise GivenUpError("Another process has failed.")
            yield
            self._next.value += 1
            self._condition.notify_all()

    def give_up(self) -> None:
        """Let nobody wait any longer."""
        with self._condition:
            self._broken.value = 1
            self._condition.notify_all()


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
    """

    exposures: Field
    skies: Sequence[Mapping[tuple[str, int], float | None]]
    sums: Sums
    turns: Turns = field(default_factory=Turns)
    _masks: dict[Any, Array] = field(default_factory=dict, init=False)
    _lock: Any = field(default_factory=_FORK.Lock, init=False)

    def __post_init__(self) -> None:
        if self.has_static_masks:
            chips = (chip for image in self.exposures.images for chip in chips_of(image))
            for signature in {chip.signature for chip in chips}:
                self._masks[signature] = shared(signature[1], np.bool_)
                self._masks[signature][:] = True

    @property
    def has_static_masks(self) -> bool:
        """Whether pixels far below the mode of any exposure are bad in all of them."""
        from drizzlepac import util

        config = self.exposures.config
        return bool(config[util.getSectionName(config, _STEP_STATIC_MASK)]["static"])

    def mask(self, index: int) -> None:
        """Let one exposure say which pixels are bad in all (``staticMask``)."""
        from drizzlepac import staticMask

        image = self.exposures.images[index]
        found = staticMask.staticMask(self.exposures.config)
        with _pixels(image, {image.scienceExt}):
            found.addMember(image)
        with self._lock:
            for signature, mask in found.masklist.items():
                np.logical_and(self._masks[signature], mask, out=self._masks[signature])

    def drizzle(self, index: int) -> list[ChipRecord]:
        """Drizzle one exposure as ``adrizzle.run_driz_img`` does, and add it to the sums."""
        try:
            return self._drizzle(index)
        except BaseException:
            self.turns.give_up()
            raise

    def _drizzle(self, index: int) -> list[ChipRecord]:
        from drizzlepac import adrizzle
        from stsci.tools import fileutil

        image = self.exposures.images[index]
        chips = chips_of(image)
        for chip in chips:
            mask = self._masks.get(chip.signature)
            chip.outputNames["staticMask"] = None if mask is None else SimpleNamespace(data=mask)
        first = self.exposures.first_chips[index]
        planes = self.exposures.planes
        kernel = KernelCall(
            adrizzle.do_driz, partial(self._receive, index, chips), self.sums.context is not None
        )
        records: list[ChipRecord] = []
        nothing = np.zeros((1, 1), np.float32)
        with (
            _pixels(image, self._wanted(image), int(self.exposures.config["resetbits"])),
            mock.patch.object(fileutil, "openImage", lambda *_, **__: image._image),
            mock.patch.object(adrizzle, "do_driz", kernel),
        ):
            adrizzle.run_driz_img(
                image,
                chips,
                self.exposures.wcs.final_wcs,
                self.exposures.wcs.final_wcs,
                None,
                dict(self.exposures.parameters),
                False,
                # Nothing is written: the number of the last chip never comes.
                self.exposures.chips + 1,
                False,
                {},
                {"all": self.exposures.chips},
                planes,
                first,
                nothing,
                nothing,
                nothing,
                records,
                None,
            )
        return [{**record, "staticMask": None} for record in records]

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
        number = self.exposures.first_chips[index] + order
        with self.turns.turn(number):
            self.sums.add(drizzled, [0.0 if sky is None else sky * scale for sky in skies])


def chips_of(image: Any) -> list[Any]:  # noqa: ANN401
    """Science extensions of an exposure that take part."""
    return list(image.returnAllChips(extname=image.scienceExt))


@contextmanager
def _pixels(image: Any, names: set[str], resetbits: int = 0) -> Iterator[None]:  # noqa: ANN401
    """Let an exposure have pixels for the block; flags are reset in memory only."""
    filled = []
    with fits.open(image._filename, memmap=False) as hdus:
        for held, hdu in zip(image._image, hdus, strict=True):
            if held.name in names and hdu.data is not None:
                data = hdu.data
                if held.name == image.maskExt and resetbits > 0:
                    data = (data & ~resetbits).astype(data.dtype)
                held.data = data
                filled.append(held)
    try:
        yield
    finally:
        for held in filled:
            del held.data


def results_of(futures: Sequence[Future[Any]]) -> list[Any]:
    """Results in order; of several failures the one that made the others fail is raised."""
    failures = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(failures, key=lambda error: isinstance(error, GivenUpError)):
        raise error
    return [future.result() for future in futures]


class Processes:
    """Forked processes that all have one object, and call its methods.

    Parameters
    ----------
    subject : object
        What they have; never pickled.
    jobs : int
        How many they are.
    """

    _subject: ClassVar[Any] = None

    def __init__(self, subject: object, jobs: int) -> None:
        self._pool = ProcessPoolExecutor(
            max(1, jobs), mp_context=_FORK, initializer=Processes._adopt, initargs=(subject,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, method: str, count: int) -> list[Future[Any]]:
        """Call a method with every number below `count`, in order."""
        return [self._pool.submit(Processes._call, method, index) for index in range(count)]

    @classmethod
    def _adopt(cls, subject: object) -> None:
        cls._subject = subject

    @classmethod
    def _call(cls, method: str, index: int) -> Any:  # noqa: ANN401
        call: Callable[[int], Any] = getattr(cls._subject, method)
        return call(index)
