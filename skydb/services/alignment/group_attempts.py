"""Fits of a group to the catalogues of a list: the first that is trusted, or else the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.domain.fit import MATCHES_TO_CHOOSE
from skydb.domain.trust import TRUST_FLOOR, TrustReport
from skydb.drizzle.groupoutcome import BodyOutcome
from skydb.services.alignment.attempts import verdict


@dataclass(frozen=True)
class GroupAttempt:
    """One rigid body fitted to one catalogue.

    Parameters
    ----------
    catalog : str or None
        Its name; None when visits are aligned to each other.
    outcome : BodyOutcome
        The fits of the members.
    placed : mapping of str to mapping
        By the name of the file: how the sources of the catalogue were placed, and how many of
        them lie on the exposure. Empty without a catalogue.
    reports : mapping of Path to TrustReport
        Results of all checks of the fits.
    tried : tuple of str
        What the other catalogues of the list gave.
    """

    catalog: str | None
    outcome: BodyOutcome
    placed: Mapping[str, Mapping[str, object]]
    reports: Mapping[Path, TrustReport]
    tried: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The lowest trust of its members; below 0 when one has no fit."""
        scores = [
            self.reports[fit.product].score if fit.product in self.reports else -1.0
            for fit in self.outcome.fits
        ]
        return min(scores, default=-1.0)

    @property
    def is_trusted(self) -> bool:
        """Whether all members may be accepted without force."""
        return self.score >= TRUST_FLOOR

    @property
    def objection(self) -> str:
        """Reason why it is not taken."""
        if self.score < 0.0:
            reasons = (fit.reason for fit in self.outcome.fits if fit.reason)
            return f"{self.catalog}: {next(reasons, 'no fit')}"
        return f"{self.catalog}: trust {self.score:.2f}, {TRUST_FLOOR} is wanted"

    @property
    def remark(self) -> str:
        """Results of other catalogues, in words."""
        return f"{self.catalog} {verdict(self.score, self.is_trusted)} ({'; '.join(self.tried)})"

    def with_facts(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters of a run with the facts of one group."""
        outcome, files = self.outcome, [one.path.name for one in self.outcome.members]
        more: dict[str, dict[str, object]] = {
            "groups": {outcome.name: outcome.as_parameters()},
            "catalog": {name: dict(self.placed[name]) for name in files if name in self.placed},
            "agreement": dict(outcome.agreement_by_file()),
        }
        if outcome.evidence is not None and parameters["fitgeometry"] is None:
            fit, weight = outcome.fits[0], outcome.evidence.weight
            why = f"{fit.nmatches} stars count as {weight} matches"
            if fit.fit_geometry == "rshift" and weight < MATCHES_TO_CHOOSE["rshift"]:
                why += ", of which a shift leaves a rotation"
            more["geometry_why"] = dict.fromkeys(files, why)
        if self.tried:
            more["catalogs_tried"] = {name: list(self.tried) for name in files}
        joined = {name: {**parameters.get(name, {}), **new} for name, new in more.items()}
        return {**parameters, **joined}


def better(
    earlier: Sequence[GroupAttempt], later: Sequence[GroupAttempt]
) -> tuple[list[GroupAttempt], list[GroupAttempt]]:
    """Choose between the fits to two catalogues; return the chosen and the others."""
    if earlier and _score(later) <= _score(earlier):
        return list(earlier), list(later)
    return list(later), list(earlier)


def objections(lost: Sequence[GroupAttempt]) -> list[str]:
    """Reasons why fits were not taken, each once."""
    return list(dict.fromkeys(one.objection for one in lost))


def _score(attempts: Sequence[GroupAttempt]) -> float:
    return min((one.score for one in attempts), default=-1.0)
