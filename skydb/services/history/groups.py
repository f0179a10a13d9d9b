"""Groups of sky runs that belong beside each other, in the ledger or new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import SkyRun, SkyRunGroup
from skydb.domain.logged import group_columns
from skydb.services.history.rounds import Round, round_fingerprint
from skydb.services.history.rows import Named, Rows
from skydb.store.rows import in_parts

_LABEL = 120


@dataclass
class Groups:
    """Groups that a transaction knows, so that the database is queried once for a block.

    Parameters
    ----------
    session : Session
        The transaction.
    rows : Rows
        Place of what is new.
    """

    session: Session
    rows: Rows
    _groups: dict[str, Named | None] = field(default_factory=dict, init=False)

    def look_up(self, rounds: Iterable[Round]) -> None:
        """Ask the database for the groups of some rounds: those of a run of it that is known."""
        asked = {round_fingerprint(round_): round_ for round_ in rounds}
        asked = {one: round_ for one, round_ in asked.items() if one not in self._groups}
        identities = [one.identity for round_ in asked.values() for one in round_]
        known = self._of_runs(identities)
        same = self._of_fingerprints(list(asked))
        for fingerprint, round_ in asked.items():
            found = [known[one.identity] for one in round_ if one.identity in known]
            first = min(found, key=lambda one: one[0])[1] if found else same.get(fingerprint)
            self._groups[fingerprint] = first

    def of(self, round_: Round) -> Named:
        """The group of a round, made when the ledger has none."""
        fingerprint = round_fingerprint(round_)
        if fingerprint not in self._groups:
            self.look_up([round_])
        group = self._groups[fingerprint]
        if group is None:
            first = round_[0]
            plural = "s" * (first.exposures != 1)
            label = f"{first.path.parent.name}, {first.exposures} exposure{plural}"
            group = self.rows.group(group_columns(fingerprint, label[-_LABEL:]))
            self._groups[fingerprint] = group
        return group

    def _of_runs(self, identities: Sequence[str]) -> dict[str, tuple[int, Named]]:
        """Number and group of the first run of each identity that there is."""
        asked = select(SkyRun.recipe_hash, SkyRun.id, SkyRun.group_id)
        parts = in_parts(asked.order_by(SkyRun.id.desc()), SkyRun.recipe_hash, identities)
        with self.session.no_autoflush:
            found = [row for part in parts for row in self.session.execute(part)]
        return {one: (run, Named.known(group)) for one, run, group in found}

    def _of_fingerprints(self, fingerprints: Sequence[str]) -> dict[str, Named]:
        asked = select(SkyRunGroup.fingerprint, SkyRunGroup.id)
        parts = in_parts(asked, SkyRunGroup.fingerprint, fingerprints)
        with self.session.no_autoflush:
            found = [row for part in parts for row in self.session.execute(part)]
        return {fingerprint: Named.known(number) for fingerprint, number in found}
