"""Sky runs that guards would refuse now, and the commands that must come before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from skydb.domain.choice import ChosenInput
from skydb.domain.guards import GuardPolicy, flags_of
from skydb.domain.todo import TodoRule
from skydb.errors import InputsRefusedError, NotFoundError, UsageError
from skydb.files.workspace import Workspace
from skydb.services.intake import Selection, choose_inputs
from skydb.store.queries import Row

#: Columns that identify the sky run of a row.
Field = tuple[int | None, str | None, str | None, str | None]
_COLUMNS = ("proposal_id", "target", "detector", "filter")
#: Rules that are settled by fitting, accepting or fetching an exposure.
_CURES = (
    TodoRule.FIT_WAITING,
    TodoRule.NOT_ALIGNED,
    TodoRule.ALIGNMENT_OUTDATED,
    TodoRule.FIT_FAILED,
    TodoRule.WEAK_FIT,
    TodoRule.IDCTAB_SUPERSEDED,
)
#: Proposals of which it is quicker to ask for them than for everything.
_MANY = 100

#: Fields that may be refused: aligned exposures beside others, or files of several flavours.
#: Only these are looked at as a run would, which reads all versions of their files.
_DOUBTFUL = """
SELECT s.proposal_id, s.target_name, s.detector, s.filter FROM v_exposure_status s {s}
 GROUP BY s.proposal_id, s.target_name, s.detector, s.filter
HAVING MIN(s.aligned) <> MAX(s.aligned)
 UNION
SELECT v.proposal_id, e.target_name, e.detector, e.filters
  FROM products p
  JOIN exposures e ON e.id = p.exposure_id
  JOIN visits v ON v.id = e.visit_id
 WHERE p.kind <> 'hlet' {v}
 GROUP BY v.proposal_id, e.target_name, e.detector, e.filters
HAVING COUNT(DISTINCT p.flavour) > 1
"""


@dataclass(frozen=True)
class Refusal:
    """Reason for which a sky run would be refused.

    Parameters
    ----------
    reason : str
        What the guards or the choice of inputs say.
    left_behind : frozenset of str
        Exposures whose files hold no accepted fit, where others do.
    visits : frozenset of str
        Their visits.
    """

    reason: str
    left_behind: frozenset[str] = frozenset()
    visits: frozenset[str] = frozenset()

    def cure(self, rows: Iterable[Row]) -> Row | None:
        """The first due command that settles it; None when none is known."""
        about = [row for row in rows if self._is_about(row)]
        about.sort(key=lambda row: _CURES.index(row["rule"]))
        return about[0] if about else None

    def _is_about(self, row: Row) -> bool:
        if row["rule"] == TodoRule.FIT_WAITING:
            return row["visit"] in self.visits
        return row["rule"] in _CURES and row["rootname"] in self.left_behind


def field_of(row: Row) -> Field:
    """The field that the sky run of a row would be of."""
    proposal, target, detector, name = (row[column] for column in _COLUMNS)
    return proposal, target, detector, name


def refusals(
    session: Session, workspace: Workspace, fields: Iterable[Field]
) -> dict[Field, Refusal]:
    """Select the fields whose sky run would be refused, with the reason."""
    wanted = set(fields)
    if not wanted:
        return {}
    doubtful = _doubtful(session, wanted)
    # A field without a name may be part of a larger run.
    asked = {one for one in wanted if one in doubtful or None in one}
    found = {one: _refusal(session, workspace, one) for one in asked}
    return {one: refusal for one, refusal in found.items() if refusal}


def _doubtful(session: Session, fields: Iterable[Field]) -> set[Field]:
    """Fields that may be refused, among some and perhaps more."""
    proposals = {proposal for proposal, *_ in fields}
    if None in proposals or len(proposals) > _MANY:
        asked = text(_DOUBTFUL.format(s="", v=""))
        return {(one[0], one[1], one[2], one[3]) for one in session.execute(asked)}
    among = " IN :proposals"
    asked = text(
        _DOUBTFUL.format(s=f"WHERE s.proposal_id{among}", v=f"AND v.proposal_id{among}")
    ).bindparams(bindparam("proposals", expanding=True))
    found = session.execute(asked, {"proposals": sorted(p for p in proposals if p is not None)})
    return {(one[0], one[1], one[2], one[3]) for one in found}


def _refusal(session: Session, workspace: Workspace, field: Field) -> Refusal | None:
    proposal, target, detector, name = field
    selection = Selection(proposal_id=proposal, target=target, detector=detector, filter=name)
    chosen: Sequence[ChosenInput] = ()
    try:
        chosen = choose_inputs(session, workspace, selection)
        GuardPolicy().apply(flags_of(chosen), ())
    except (InputsRefusedError, NotFoundError, UsageError) as error:
        behind = [one for one in chosen if one.version.accepted_solution is None]
        exposures = [one.version.exposure for one in behind]
        visits = {one.visit.label for one in exposures if one}
        names = frozenset(one.rootname for one in behind)
        return Refusal(error.what, names, frozenset(visits))
    return None


Command = Callable[[Row], str]


def runnable(
    rows: Sequence[Row], refused: dict[Field, Refusal], known: Sequence[Row], command: Command
) -> list[Row]:
    """Put a command before those whose sky run would be refused.

    Parameters
    ----------
    rows : sequence of dict
        What is due, each with its ``command``.
    refused : dict
        See :func:`refusals`.
    known : sequence of dict
        All that is due, whatever was asked for, without commands.
    command : callable
        The command of a row of ``known``.
    """
    result = []
    for row in rows:
        refusal = refused.get(field_of(row)) if _is_sky_run(row) else None
        if refusal is None:
            result.append(row)
            continue
        cure = refusal.cure(known)
        before = command(cure) if cure else f"{row['command']} --explain-inputs"
        reason = f"{row['reason']} A sky run is refused before: {refusal.reason}"
        result.append({**row, "command": before, "reason": reason})
    return result


def _is_sky_run(row: Row) -> bool:
    return str(row["command"]).startswith("skydb sky run ")
