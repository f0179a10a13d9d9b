"""Result of the comparison of a run and its repetition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skydb.domain import Activity, Environment
from skydb.domain.vocabulary import ReplayVerdict

#: A few roundings in single precision, in which exposures and mosaics are.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest difference of two numbers that count as equal.

    Parameters
    ----------
    absolute : float
    unit : str
    reason : str
        Why so much, for people.
    """

    absolute: float
    unit: str
    reason: str

    def admits(self, difference: float, magnitude: float) -> bool:
        """Whether a difference is one of noise or of rounding."""
        return difference <= max(self.absolute, ROUNDING * magnitude)


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that differs.

    Parameters
    ----------
    subject : str
        Chip, product or mosaic.
    what : str
        ``MDRIZSKY``, ``dx_pix``, ``pixels`` ...
    before, after : float, str or None
    difference : float or None
        Absolute; None when one of them is no number.
    unit : str
    is_tolerable : bool
    """

    subject: str
    what: str
    before: float | str | None
    after: float | str | None
    difference: float | None
    unit: str
    is_tolerable: bool


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package, the Python or the platform of two environments; None where it is absent."""

    package: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Replay:
    """A repeated run, and its comparison with the first one.

    Parameters
    ----------
    run, replay : int
        The run and its repetition.
    kind : str
        ``sky-run`` or ``alignment``.
    verdict : ReplayVerdict
    max_difference : float or None
        Largest difference of any number; None when something cannot be subtracted.
    tolerance, unit, tolerance_reason
        What was admitted, and why so much.
    recipe_hash, replay_recipe_hash : str
        Method, parameters and inputs, without the environment.
    environment_fingerprint, replay_environment_fingerprint : str or None
        Python and packages, without the recipe; None when a log does not have them.
    environment_changed : bool or None
    packages_changed : tuple of PackageChange
    differences : tuple of Difference
    remarks : tuple of str
        The cause as far as it is known.
    not_compared : tuple of str
        What was not there to be compared with, and why.
    """

    run: int
    replay: int
    kind: str
    verdict: ReplayVerdict
    max_difference: float | None
    tolerance: float
    unit: str
    tolerance_reason: str
    recipe_hash: str
    replay_recipe_hash: str
    environment_fingerprint: str | None
    replay_environment_fingerprint: str | None
    environment_changed: bool | None
    packages_changed: tuple[PackageChange, ...]
    differences: tuple[Difference, ...]
    remarks: tuple[str, ...]
    not_compared: tuple[str, ...] = ()

    @property
    def is_to_be_looked_at(self) -> bool:
        """Whether the two differ, or a part to compare is missing."""
        return self.is_different or self.verdict is ReplayVerdict.INCOMPLETE

    @property
    def is_different(self) -> bool:
        """Whether more than noise or rounding sets the two apart."""
        return self.verdict is ReplayVerdict.DIFFERENT

    @property
    def sentence(self) -> str:
        """The result in one line."""
        said = f"Run {self.replay} repeats run {self.run}: {self.verdict}"
        left = f" Not compared: {'; '.join(self.not_compared)}." if self.not_compared else ""
        if not self.differences:
            return f"{said}.{left}"
        apart = (
            "a value that is not a number"
            if self.max_difference is None
            else (f"at most {self.max_difference:.3g} {self.unit}".rstrip())
        )
        return f"{said}; {_counted(len(self.differences))}, {apart}.{left}"


def _counted(differences: int) -> str:
    return "1 difference" if differences == 1 else f"{differences} differences"


@dataclass(frozen=True)
class Compared:
    """Result of the comparison of two runs of one recipe.

    Parameters
    ----------
    differences : tuple of Difference
        What is not bit for bit the same.
    tolerance : Tolerance
    hashes : tuple of str
        Recipes of the run and of its repetition.
    remarks : tuple of str
    not_compared : tuple of str
        What was not there to be compared with, and why.
    """

    differences: tuple[Difference, ...]
    tolerance: Tolerance
    hashes: tuple[str, str]
    remarks: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


def verdict_of(differences: Iterable[Difference], *, is_whole: bool = True) -> ReplayVerdict:
    """Identical without any difference, within tolerance when all are tolerable.

    When not everything could be compared, what would be identical is incomplete.
    """
    found = list(differences)
    if not found:
        return ReplayVerdict.IDENTICAL if is_whole else ReplayVerdict.INCOMPLETE
    tolerable = all(one.is_tolerable for one in found)
    return ReplayVerdict.WITHIN_TOLERANCE if tolerable else ReplayVerdict.DIFFERENT


def result_of(run: Activity, replay: Activity, compared: Compared) -> Replay:
    """Make the result of a repetition."""
    before, after = run.environment, replay.environment
    packages = packages_changed(before, after)
    verdict = verdict_of(compared.differences, is_whole=not compared.not_compared)
    causes = () if not compared.differences else (
        _environment_sentence(before, packages), _recipe_sentence(compared.hashes)
    )  # fmt: skip
    return Replay(
        run=run.id,
        replay=replay.id,
        kind=run.kind.value,
        verdict=verdict,
        max_difference=_largest(compared.differences),
        tolerance=compared.tolerance.absolute,
        unit=compared.tolerance.unit,
        tolerance_reason=compared.tolerance.reason,
        recipe_hash=compared.hashes[0],
        replay_recipe_hash=compared.hashes[1],
        environment_fingerprint=before.fingerprint if before else None,
        replay_environment_fingerprint=after.fingerprint if after else None,
        environment_changed=_is_changed(before, after),
        packages_changed=packages,
        differences=compared.differences,
        remarks=(*compared.remarks, *(cause for cause in causes if cause)),
        not_compared=compared.not_compared,
    )


def packages_changed(
    before: Environment | None, after: Environment | None
) -> tuple[PackageChange, ...]:
    """Versions that differ between two environments; nothing when one is not known."""
    if before is None or after is None:
        return ()
    old, new = _versions(before), _versions(after)
    return tuple(
        PackageChange(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _versions(environment: Environment) -> Mapping[str, str]:
    here = {"python": environment.python_version, "platform": environment.platform}
    return {**environment.packages, **here}


def _is_changed(before: Environment | None, after: Environment | None) -> bool | None:
    if before is None or after is None:
        return None
    return before.fingerprint != after.fingerprint


def _environment_sentence(before: Environment | None, changed: Sequence[PackageChange]) -> str:
    if before is None:
        return "The environment of the run is not on record."
    if not changed:
        return "The environment is the one on record: nothing that the ledger knows of has changed."
    listed = ", ".join(f"{one.package} {one.before} -> {one.after}" for one in changed)
    return f"The environment has changed: {listed}."


def _recipe_sentence(hashes: tuple[str, str]) -> str:
    if hashes[0] == hashes[1]:
        return ""
    return "The recipe has changed: this skydb passes other parameters, or other inputs."


def _largest(differences: Iterable[Difference]) -> float | None:
    apart = [one.difference for one in differences]
    if any(one is None for one in apart):
        return None
    return max((one for one in apart if one is not None), default=0.0)
