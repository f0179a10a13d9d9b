"""Sky runs that guards would refuse now, and the commands that must come before them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from skydb.domain.choice import ChosenInput
from skydb.domain.guards import Flag, GuardPolicy, flags_of
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import FindingKind
from skydb.errors import InputsRefusedError, NotFoundError, UsageError
from skydb.files.workspace import Workspace
from skydb.services.intake import Selection, choose_inputs
from skydb.store.queries import Row

#: Columns that identify the sky run of a row.
Field = tuple[int | None, str | None, str | None, str | None]
_OPTIONS = {
    "proposal_id": "--proposal",
    "target": "--target",
    "detector": "--detector",
    "filter": "--filter",
}
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

#: Fields that may be refused: aligned exposures beside others, visits that were aligned to each
#: other, or files of several flavours.
#: Only these are looked at as a run would, which reads all versions of their files.
_DOUBTFUL = """
SELECT s.proposal_id, s.target_name, s.detector, s.filter FROM v_exposure_status s {s}
 GROUP BY s.proposal_id, s.target_name, s.detector, s.filter
HAVING MIN(s.aligned) <> MAX(s.aligned)
 UNION
SELECT v.proposal_id, e.target_name, e.detector, e.filters
  FROM alignment_runs r
  JOIN alignment_solutions f ON f.activity_id = r.id
  JOIN products p ON p.id = f.product_id
  JOIN exposures e ON e.id = p.exposure_id
  JOIN visits v ON v.id = e.visit_id
 WHERE r.reference = 'relative' AND r.catalog_id IS NULL {v}
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
        Their visits; all visits where the files of all hold a fit.
    is_of_frames : bool
        Whether all files hold a fit, and the fits are on different frames: the visit that
        others were aligned to was moved since.
    """

    reason: str
    left_behind: frozenset[str] = frozenset()
    visits: frozenset[str] = frozenset()
    is_of_frames: bool = False

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
    proposal, target, detector, name = (row[column] for column in _OPTIONS)
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
    flags: Sequence[Flag] = ()
    try:
        chosen = choose_inputs(session, workspace, selection)
        flags = flags_of(chosen)
        GuardPolicy().apply(flags, ())
    except (InputsRefusedError, NotFoundError, UsageError) as error:
        behind = [one for one in chosen if one.version.accepted_solution is None]
        exposures = [one.version.exposure for one in behind or chosen]
        visits = {one.visit.label for one in exposures if one}
        names = frozenset(one.rootname for one in behind)
        refusing = {flag.guard for flag in flags if flag.refuses}
        is_of_frames = refusing == {FindingKind.MIXED_ALIGNMENT} and not behind
        return Refusal(error.what, names, frozenset(visits), is_of_frames)
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
        before = command(cure) if cure else _otherwise(row, refusal)
        reason = f"{row['reason']} A sky run is refused before: {refusal.reason}"
        result.append({**row, "command": before, "reason": reason})
    return result


def _otherwise(row: Row, refusal: Refusal) -> str:
    """Command before a sky run for which nothing is due that settles it."""
    if not refusal.is_of_frames:
        return f"{row['command']} --explain-inputs"
    chosen = zip(_OPTIONS.values(), field_of(row), strict=True)
    of = [str(word) for one in chosen if one[1] is not None for word in one]
    return shlex.join(["skydb", "align", "run", "--relative", *of])


def _is_sky_run(row: Row) -> bool:
    return str(row["command"]).startswith("skydb sky run ")
