"""Least squares of levels in cells: a scene for every cell, and errors of chips and exposures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey
from skydb.sky.solver import Sparse

Floats: TypeAlias = NDArray[np.float64]

#: Parts of the largest eigenvalue below which the levels do not constrain a combination.
_CONSTRAINED = 1e-7
#: Unknowns up to which all of them are fitted, which gives the scatter.
_LARGEST = 1500
#: Chi-squares above which a probability is too small to be written.
_HUGE_CHI2 = 1400.0


@dataclass(frozen=True, slots=True)
class Term:
    """An error that may be there.

    Parameters
    ----------
    exposure : str or None
        Whose; None for all.
    extver : int or None
        The chip that has an offset; None for a gradient.
    """

    exposure: str | None
    extver: int | None

    @property
    def name(self) -> str:
        """The exposure, and the chip, where there is one."""
        whose = self.exposure or "every exposure"
        return whose if self.extver is None else f"{whose}[{self.extver}]"


class Score(NamedTuple):
    """Gain of the fit by a term, for noise as large as the scatter."""

    chi2: float
    significance: float


class LeftModel:
    """Normal equations of all errors at once, the scene of every cell eliminated.

    Parameters
    ----------
    places : sequence of int, N
        The cell of every level.
    chips : sequence of ChipKey, N
        Its chip.
    measured : ndarray, shape (N, 3)
        The level, what it is off by through unequal noise, and its standard deviation.
    offsets : ndarray, shape (N, 2)
        East and north of the middle of the exposure, arcsec.
    """

    def __init__(
        self, places: Sequence[int], chips: Sequence[ChipKey], measured: Floats, offsets: Floats
    ) -> None:
        self.exposures = sorted({name for name, _ in chips})
        self._chips = sorted(set(chips))
        self._of = np.array([self.exposures.index(name) for name, _ in chips])
        self._offsets = offsets
        self._samples = len(chips)
        weights = 1.0 / measured[:, 2] ** 2
        design = self._design(chips)
        cells = np.unique(places, return_inverse=True)[1]
        self._cells = int(cells.max()) + 1
        self._eliminate(design, cells, weights, measured[:, :2])

    @cached_property
    def terms(self) -> dict[Term, list[NDArray[np.intp]]]:
        """Unknowns that make up each column of every term."""
        found: dict[Term, list[NDArray[np.intp]]] = {}
        number = {chip: place for place, chip in enumerate(self._chips)}
        several: dict[int, list[int]] = {}
        for name, extver in self._chips:
            others = self._extvers[name]
            # Of two chips, a high one and a low one are the same offset.
            if len(others) > 2 or (len(others) == 2 and extver == others[-1]):
                found[Term(name, extver)] = [np.array([number[name, extver]])]
                several.setdefault(extver, []).append(number[name, extver])
        for extver, members in several.items():
            if len(members) > 1:
                found[Term(None, extver)] = [np.array(members)]
        first = len(self._chips)
        for place, name in enumerate(self.exposures):
            found[Term(name, None)] = [
                np.array([first + 2 * place]), np.array([first + 2 * place + 1])
            ]  # fmt: skip
        return found

    @cached_property
    def scatter(self) -> float:
        """Rms of the unexplained rest, in standard deviations; 1 where it is unknown."""
        left = self._chi2 - float(self._right_e[:, 0] @ self._levels[:, 0])
        rank = self._rank_e
        if self._normal.shape[0] <= _LARGEST:
            inverse, inner = _pseudo_inverse(self._normal, np.diag(self._normal_x))
            left -= float(self._right[:, 0] @ inverse @ self._right[:, 0])
            rank += inner
        free = self._samples - self._cells - rank
        return float(np.sqrt(max(left, 0.0) / free)) if free > 3 else 1.0

    def other_chips(self, term: Term) -> list[int]:
        """Chips beside that of a term, in the same exposure."""
        names = [term.exposure] if term.exposure else self.exposures
        return sorted({e for name in names for e in self._extvers[name]} - {term.extver})

    def offsets_of(self, exposure: str) -> Floats:
        """Places of the samples of an exposure, (N, 2), arcsec."""
        return np.asarray(self._offsets[self._of == self.exposures.index(exposure)])

    def scores(self, taken: Sequence[Term]) -> dict[Term, Score]:
        """Compute the gain by every term that is not taken yet, beside those that are."""
        known = self._columns(taken)
        into, right = self._normal @ known, known.T @ self._right
        inner = np.linalg.pinv(known.T @ into, hermitian=True) if taken else np.zeros((0, 0))
        found = {}
        for term in self.terms:
            if term in taken:
                continue
            columns = self._columns([term])
            across = into.T @ columns
            normal = columns.T @ self._normal @ columns - across.T @ inner @ across
            whole = np.diag(columns.T @ self._normal_x @ columns)
            if not _is_constrained(normal, whole):
                continue
            rest = columns.T @ self._right - across.T @ inner @ right
            values = np.linalg.solve(normal, rest)
            covariance = self._covariance(np.linalg.inv(normal), values[:, 1])
            chi2 = float(values[:, 0] @ rest[:, 0]) / max(self.scatter, 1.0) ** 2
            found[term] = Score(chi2, self.significance(values[:, 0], covariance))
        return found

    def fitted(self, terms: Sequence[Term]) -> list[tuple[Floats, Floats]]:
        """Values of terms that are fitted together, and their covariances.

        A gradient is two values, per arcsec to the east and the north.
        """
        if not terms:
            return []
        columns = self._columns(terms)
        inverse = np.linalg.pinv(columns.T @ self._normal @ columns, hermitian=True)
        values = inverse @ (columns.T @ self._right)
        covariance = self._covariance(inverse, values[:, 1])
        found, first = [], 0
        for term in terms:
            part = slice(first, first + len(self.terms[term]))
            scale = 1.0 if term.extver is not None else self._reach(term.exposure)
            found.append((values[part, 0] / scale, covariance[part, part] / scale**2))
            first = part.stop
        return found

    def contrasts(self, taken: Sequence[Term]) -> Iterator[tuple[list[str], Floats, Floats]]:
        """Compute offsets of exposures from the mean of the others of their group, with sigmas.

        Terms that are taken stay in the fit. An exposure with a term of its own is left out: its
        offset depends on the definition of its level.
        """
        from scipy.sparse.csgraph import connected_components

        columns = self._columns(taken)
        inner = np.linalg.pinv(columns.T @ self._normal @ columns, hermitian=True)
        into = self._inverse_e @ self._into @ columns
        found = self._levels - into @ inner @ (columns.T @ self._right)
        noise = self._inverse_e + into @ inner @ into.T
        own = {term.exposure for term in taken}
        free = np.array([name not in own for name in self.exposures])
        count, labels = connected_components(np.abs(self._normal_e) > 0, directed=False)
        for group in range(count):
            members = np.flatnonzero((labels == group) & free)
            number = members.size
            if number < 2:
                continue
            above = np.eye(number) - (1 - np.eye(number)) / (number - 1)
            levels = above @ found[members]
            inverse = above @ noise[np.ix_(members, members)] @ above.T
            sigmas = np.sqrt(np.diag(self._covariance(inverse, levels[:, 1])))
            yield [self.exposures[n] for n in members], levels[:, 0], sigmas

    @staticmethod
    def significance(values: Floats, covariance: Floats) -> float:
        """Standard deviations of a Gaussian that are as improbable as one or two values."""
        from scipy.stats import norm

        chi2 = float(values @ np.linalg.pinv(covariance, hermitian=True) @ values)
        if values.size == 1 or chi2 > _HUGE_CHI2:
            return float(np.sqrt(chi2))
        return float(norm.isf(np.exp(-chi2 / 2) / 2))

    @cached_property
    def _extvers(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name, extver in self._chips:
            found.setdefault(name, []).append(extver)
        return found

    def _reach(self, exposure: str | None) -> float:
        """Distance of the farthest sample from the middle of an exposure."""
        return float(np.hypot(*self.offsets_of(exposure or "").T).max()) or 1.0

    def _design(self, chips: Sequence[ChipKey]) -> Sparse:
        """Columns of exposures, of chips, and of gradients in parts of the reach."""
        from scipy.sparse import coo_array

        exposures, number = len(self.exposures), {c: n for n, c in enumerate(self._chips)}
        reaches = np.array([self._reach(name) for name in self.exposures])[self._of]
        first = exposures + len(self._chips)
        row, one = np.arange(self._samples), np.ones(self._samples)
        columns = [
            (self._of, one),
            (exposures + np.array([number[chip] for chip in chips]), one),
            (first + 2 * self._of, self._offsets[:, 0] / reaches),
            (first + 2 * self._of + 1, self._offsets[:, 1] / reaches),
        ]
        places = (np.tile(row, 4), np.concatenate([place for place, _ in columns]))
        values = np.concatenate([value for _, value in columns])
        return coo_array((values, places)).tocsr()

    def _eliminate(
        self, design: Sparse, cells: NDArray[np.intp], weights: Floats, levels: Floats
    ) -> None:
        """Normal equations without the scenes, then without the offsets of exposures."""
        from scipy.sparse import coo_array, diags_array

        row = np.arange(self._samples)
        scene = coo_array((np.ones(row.size), (row, cells))).tocsr()
        weighted = design.T @ diags_array(weights)
        means = diags_array(1.0 / (scene.T @ weights))
        across = weighted @ scene
        whole = (weighted @ design - across @ means @ across.T).toarray()
        sums = scene.T @ (weights[:, np.newaxis] * levels)
        right = weighted @ levels - across @ (means @ sums)
        self._chi2 = float(weights @ levels[:, 0] ** 2 - sums[:, 0] @ (means @ sums[:, 0]))
        first = len(self.exposures)
        self._normal_e, self._right_e = whole[:first, :first], right[:first]
        self._inverse_e, self._rank_e = _pseudo_inverse(
            self._normal_e, np.asarray(weighted.multiply(design.T).sum(axis=1))[:first]
        )
        self._levels = self._inverse_e @ self._right_e
        self._into = into = whole[:first, first:]
        self._normal_x = whole[first:, first:]
        self._normal = self._normal_x - into.T @ self._inverse_e @ into
        self._right = right[first:] - into.T @ self._levels

    def _columns(self, terms: Sequence[Term]) -> Floats:
        """Unknowns of terms as columns."""
        members = [column for term in terms for column in self.terms[term]]
        found = np.zeros((self._normal.shape[0], len(members)))
        for place, column in enumerate(members):
            found[column, place] = 1.0
        return found

    def _covariance(self, inverse: Floats, shifts: Floats) -> Floats:
        """Noise, as large as the scatter says, and what unequal noise may do."""
        return np.asarray(inverse * max(self.scatter, 1.0) ** 2 + np.outer(shifts, shifts))


def _is_constrained(normal: Floats, whole: Floats) -> bool:
    """Whether levels constrain the columns of a term."""
    if not (whole > 0).all():
        return False
    scale = np.sqrt(whole)
    return bool(np.linalg.eigvalsh(normal / np.outer(scale, scale))[0] > _CONSTRAINED)


def _pseudo_inverse(matrix: Floats, whole: Floats) -> tuple[Floats, int]:
    """Invert the constrained part, and give its rank.

    Columns are scaled by their sums of squares before anything was eliminated, `whole`. Scaled
    by what is left, a column that others explain would be rounding as large as a column.
    """
    scale = np.sqrt(np.where(whole > 0, whole, 1.0))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    constrained = (
        values > _CONSTRAINED * max(float(values[-1]), 1e-300) if values.size else values > 0
    )
    inverse = (vectors[:, constrained] / values[constrained]) @ vectors[:, constrained].T
    return inverse / np.outer(scale, scale), int(constrained.sum())
