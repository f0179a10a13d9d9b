"""Fits to the catalogues of a list, of which the first that gives a trusted fit is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from skydb.domain.trust import TRUST_FLOOR, TrustReport
from skydb.drizzle.tweakreg import ProductFit
from skydb.errors import UsageError
from skydb.services.alignment.reference import Reference, Target


@dataclass(frozen=True)
class Attempt:
    """The fit of one file to one catalogue, and what other catalogues of the list gave.

    Parameters
    ----------
    catalog : str
        Name of the catalogue.
    reference : Reference
        The catalogue as the file gets it.
    fit : ProductFit
        The fit, or why there is none.
    report : TrustReport or None
        Result of every check of it; None without a fit.
    tried : tuple of str
        What the other catalogues gave, in the order in which they were given up.
    """

    catalog: str
    reference: Reference
    fit: ProductFit
    report: TrustReport | None
    tried: tuple[str, ...] = ()

    @property
    def is_trusted(self) -> bool:
        """Whether it may be accepted without force."""
        return self.report is not None and self.report.is_trusted

    @property
    def is_sure(self) -> bool:
        """Whether it stays trusted whatever other fits of the run turn out to be."""
        return self.report is not None and self.report.is_sure

    @property
    def key(self) -> int:
        """The file version that is fitted."""
        return self.reference.target.version_id

    @property
    def score(self) -> float:
        """Its trust; below 0 when there is no fit."""
        return -1.0 if self.report is None else self.report.score

    @property
    def objection(self) -> str:
        """Reason why it is not taken."""
        if self.report is None:
            return f"{self.catalog}: {self.fit.reason or 'no fit'}"
        return f"{self.catalog}: trust {self.score:.2f}, {TRUST_FLOOR} is wanted"

    @property
    def remark(self) -> str | None:
        """Results of other catalogues, in words; None when no other was tried."""
        if not self.tried:
            return None
        return f"{self.catalog} {verdict(self.score, self.is_trusted)} ({'; '.join(self.tried)})"

    def after(self, earlier: Self | None) -> Self:
        """Choose between it and an earlier one of the same file."""
        if earlier is None:
            return self
        if self.is_trusted or self.score > earlier.score:
            return replace(self, tried=(*earlier.tried, earlier.objection))
        return replace(earlier, tried=(*earlier.tried, self.objection))


def verdict(score: float, is_trusted: bool) -> str:
    """Describe the result of the catalogue that was taken; a score below 0 means no fit."""
    if is_trusted:
        return "gave a trusted fit"
    return "gave no fit, nor did another" if score < 0.0 else "gave the best of several fits"


#: Receiver of an attempt.
OnAttempt = Callable[[Attempt], None]
#: Function that fits some files to one catalogue, with the number of the attempt. It reports each
#: fit as soon as it is made, when not all neighbours that may lower its trust are known.
Make = Callable[[str, Sequence[Target], int, OnAttempt], Iterable[Attempt]]


def ignore(_: Attempt) -> None:
    """Wait for the end of all attempts."""


def first_trusted(
    catalogs: Sequence[str], targets: Sequence[Target], make: Make, decided: OnAttempt = ignore
) -> list[Attempt]:
    """One attempt for each file: the first that is trusted, or else the best.

    Parameters
    ----------
    catalogs : sequence of str
        Names in the order in which they are tried.
    targets : sequence of Target
        The files.
    make : callable
        Fits the files that have no trusted fit yet.
    decided : callable, optional
        Called with the attempt of a file as soon as no other catalogue will be taken for it; its
        trust may still change.
    """
    found: dict[int, Attempt] = {}
    left = list(targets)

    def add(one: Attempt) -> None:
        if one.is_sure or len(catalogs) == 1:
            decided(one.after(found.get(one.key)))

    for number, catalog in enumerate(catalogs):
        made = {one.key: one.after(found.get(one.key)) for one in make(catalog, left, number, add)}
        found |= made
        left = [target for target in targets if not found[target.version_id].is_trusted]
        if not left or number == len(catalogs) - 1:
            break
        for one in made.values():
            if one.is_trusted:
                decided(one)
    return [found[target.version_id] for target in targets]


def names_of(refcat: str | Sequence[str]) -> tuple[str, ...]:
    """The names of a list of catalogues, each once, in order.

    Raises
    ------
    UsageError
        When there is none.
    """
    names = (refcat,) if isinstance(refcat, str) else tuple(dict.fromkeys(refcat))
    if not names:
        raise UsageError("No catalogue was named.", advice="Give --refcat NAME.")
    return names


def as_parameters(names: Sequence[str]) -> dict[str, object]:
    """JSON-able: the first catalogue, and the whole list where it has more."""
    more = {"refcats": list(names)} if len(names) > 1 else {}
    return {"refcat": names[0], **more}
