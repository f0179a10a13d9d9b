"""Selection of exposures, the same for every query and run.

Names are matched in any case, those of exposures, visits and proposals too. A filter is the
whole FILTER of a header, or else one of those in the beam; ``*`` stands for any characters and
``?`` for one where no name is exactly that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from skydb import domain
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.errors import NotFoundError
from skydb.store.patterns import (
    is_pattern,
    lowered,
    matching,
    named,
    proposals_named,
    unmatched,
    visits_named,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Names that a message lists.
_FEW = 12


def _matched() -> dict[str, Any]:
    """Columns whose values are matched, by the field of a scope."""
    exposure = domain.Exposure
    return {
        "filter": exposure.filters,
        "detector": exposure.detector,
        "target": exposure.target_name,
    }


@dataclass(frozen=True, slots=True)
class Scope:
    """Exposures, and which of their files; what is left out does not restrict.

    Parameters
    ----------
    rootnames : tuple of str
        Exposures; in any case, with wildcards.
    visits : tuple of str
        ``bxl50``, or ``50`` where only one program has such a visit; with wildcards.
    proposal_id : int or str, optional
        PROPOSID; a text may have wildcards.
    filter, detector, target : str, optional
        Of the exposures; in any case, with wildcards.
    exclude : tuple of str
        Exposures to leave out; in any case, with wildcards.
    flavour : Flavour, optional
        Only files of this flavour, and exposures that have any.
    as_of : date, optional
        Only archive versions that were written on this day or before.
    """

    rootnames: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    proposal_id: int | str | None = None
    filter: str | None = None
    detector: str | None = None
    target: str | None = None
    exclude: tuple[str, ...] = ()
    flavour: Flavour | None = None
    as_of: date | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing restricts."""
        return not self.as_parameters()

    @property
    def is_of_visits(self) -> bool:
        """Whether it restricts whole visits at most."""
        return not set(self.as_parameters()) - {"visits", "proposal_id"}

    @property
    def restricts_files(self) -> bool:
        """Whether it is about files of one flavour or time, and not about exposures alone."""
        return self.flavour is not None or self.as_of is not None

    @property
    def label(self) -> str:
        """Text for the title of a figure."""
        parts = [
            *self.rootnames,
            *(f"visit {name}" for name in self.visits),
            *([] if self.proposal_id is None else [f"proposal {self.proposal_id}"]),
            *(text for text in (self.target, self.detector, self.filter) if text),
            *(f"without {name}" for name in self.exclude),
            *([f"{self.flavour} files"] if self.flavour else []),
            *([f"as of {self.as_of.isoformat()}"] if self.as_of else []),
        ]
        return ", ".join(parts) or "all exposures"

    def as_parameters(self) -> dict[str, Any]:
        """JSON-able, without what was left out."""
        plain = {**asdict(self), "as_of": self.as_of.isoformat() if self.as_of else None}
        return {key: value for key, value in plain.items() if value not in (None, (), {})}

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """Conditions for a select that joins exposures and visits, without those on files.

        Raises
        ------
        NotFoundError
            When a visit that is named is not there.
        UsageError
            When a visit's number is that of several programs.
        """
        several = self._named(session)
        for name, column in _matched().items():
            pattern = getattr(self, name)
            if pattern is not None:
                several.append(column.in_(matching(session, column, pattern)))
        return several

    def _named(self, session: Session) -> list[ColumnElement[bool]]:
        several: list[ColumnElement[bool]] = []
        if self.rootnames:
            several.append(named(domain.Exposure.rootname, self.rootnames))
        if self.exclude:
            several.append(~named(domain.Exposure.rootname, self.exclude))
        if self.visits:
            # By both columns, which have an index together; a label put together has none.
            visits = [visit for label in self.visits for visit in _visits(session, label)]
            labels = [(visit.program, visit.number) for visit in visits]
            several.append(tuple_(domain.Visit.program, domain.Visit.number).in_(labels))
        if self.proposal_id is not None:
            several.append(domain.Visit.proposal_id.in_(proposals_named(session, self.proposal_id)))
        return several

    def file_conditions(self) -> list[ColumnElement[bool]]:
        """Conditions for a select that joins products and file versions."""
        several: list[ColumnElement[bool]] = []
        if self.flavour is Flavour.SKYDB:
            made_here = domain.ProductVersion.derived_from_id.is_not(None)
            several.append(or_(domain.Product.flavour == self.flavour, made_here))
        elif self.flavour is not None:
            several.append(domain.Product.flavour == self.flavour)
        if self.as_of is not None:
            several.append(written_by(self.as_of))
        return several

    def visit_ids(self, session: Session) -> set[int]:
        """Keys of the visits that are named, or of the proposal, with exposures or without.

        Raises
        ------
        NotFoundError
            When there is none.
        UsageError
            When a visit's number is that of several programs.
        """
        asked = replace(self, rootnames=(), exclude=())._named(session)
        found = set(session.scalars(select(domain.Visit.id).where(*asked)))
        if asked and not found:
            raise nothing_selected(session, self, "visits")
        return found

    def exposure_ids(self, session: Session) -> set[int]:
        """Keys of the exposures.

        Raises
        ------
        NotFoundError
            When an exposure or a visit that is named is not there, or nothing is left; it
            says what there is.
        UsageError
            When a visit's number is that of several programs.
        """
        query = (
            select(domain.Exposure.id, domain.Exposure.rootname)
            .join(domain.Visit, domain.Visit.id == domain.Exposure.visit_id)
            .where(*self.conditions(session), *self._having_files())
        )
        rows = session.execute(query).all()
        missing = self.missing({name for _, name in rows})
        if missing or not rows:
            raise nothing_selected(session, self, missing=missing)
        require_excluded(session, self)
        return {key for key, _ in rows}

    def require(self, session: Session) -> None:
        """Check that a scope that restricts selects something.

        Raises
        ------
        NotFoundError, UsageError
            As :meth:`exposure_ids`.
        """
        if not self.is_everything:
            self.exposure_ids(session)

    def missing(self, found: Collection[str], more: Sequence[str] = ()) -> list[str]:
        """List named exposures that are neither among some, nor left out."""
        rest = unmatched([*self.rootnames, *more], found)
        return [name for name in rest if unmatched(self.exclude, [name]) == lowered(self.exclude)]

    def _having_files(self) -> list[ColumnElement[bool]]:
        if not self.restricts_files:
            return []
        having = (
            select(domain.Product.exposure_id)
            .join(domain.ProductVersion, domain.ProductVersion.product_id == domain.Product.id)
            .where(domain.Product.exposure_id.is_not(None), *self.file_conditions())
        )
        return [domain.Exposure.id.in_(having)]

    def product_conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """Conditions for a select of products: those of the exposures, or made of any of them.

        A combination with any member that is left out is left out. If its members are
        not recorded, only its visit is known.

        Raises
        ------
        NotFoundError, UsageError
            As :meth:`conditions`.
        """
        member, own = domain.ProductMember.rootname, domain.Exposure.rootname
        several: list[ColumnElement[bool]] = []
        if names := self.rootnames:
            is_made = domain.Product.members.any(named(member, names))
            several.append(or_(is_made, domain.Product.exposure.has(named(own, names))))
        if exclude := self.exclude:
            several.append(~domain.Product.members.any(named(member, exclude)))
            several.append(~domain.Product.exposure.has(named(own, exclude)))
        return [*several, *self._of_members(session), *self._with_versions()]

    def _of_members(self, session: Session) -> list[ColumnElement[bool]]:
        rest = replace(self, rootnames=(), exclude=()).conditions(session)
        if not rest:
            return []
        exposures = (
            select(domain.Exposure.id)
            .join(domain.Visit, domain.Visit.id == domain.Exposure.visit_id)
            .where(*rest)
        )
        from sqlalchemy.orm import aliased

        member = aliased(domain.Exposure)
        with_known = select(domain.ProductMember.product_id).join(
            member, member.rootname == domain.ProductMember.rootname
        )
        ways: list[ColumnElement[bool]] = [
            domain.Product.id.in_(with_known.where(member.id.in_(exposures))),
            domain.Product.exposure_id.in_(exposures),
        ]
        of_visit = Scope(visits=self.visits, proposal_id=self.proposal_id).conditions(session)
        if len(of_visit) == len(rest):
            visits = select(domain.Visit.id).where(*of_visit)
            is_unknown = and_(
                domain.Product.id.not_in(with_known), domain.Product.exposure_id.is_(None)
            )
            ways.append(and_(is_unknown, domain.Product.visit_id.in_(visits)))
        return [or_(*ways)]

    def _with_versions(self) -> list[ColumnElement[bool]]:
        if not self.restricts_files:
            return []
        having = (
            select(domain.ProductVersion.product_id)
            .join(domain.Product, domain.Product.id == domain.ProductVersion.product_id)
            .where(*self.file_conditions())
        )
        return [domain.Product.id.in_(having)]


def _visits(session: Session, label: str) -> list[domain.Visit]:
    """Visits of a name or a pattern.

    Raises
    ------
    NotFoundError, UsageError
        When there is none, or the number is that of several programs.
    """
    from skydb.store.references import unknown_visit, visit_named

    if not is_pattern(label):
        return [visit_named(session, label)]
    found = visits_named(session, label)
    if not found:
        raise unknown_visit(session, label)
    return found


def written_by(
    day: date, version: type[domain.ProductVersion] | None = None
) -> ColumnElement[bool]:
    """Whether a file version was written by the end of a day; by its arrival without a DATE."""
    version = version or domain.ProductVersion
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    return or_(
        func.substr(version.date_written, 1, 10) <= day.isoformat(),
        and_(version.date_written.is_(None), version.recorded_at < end),
    )


def require_excluded(session: Session, scope: Scope) -> None:
    """Check that excluded names exist, so that a typing error is found.

    Raises
    ------
    NotFoundError
        When an exposure that is excluded is in no file of the ledger.
    """
    if not scope.exclude:
        return
    known = {
        name
        for column in (domain.Exposure.rootname, domain.ProductMember.rootname)
        for name in session.scalars(select(column).where(named(column, scope.exclude)).distinct())
    }
    missing = sorted(set(unmatched(scope.exclude, known)))
    if missing:
        raise NotFoundError(
            f"The ledger has no {', '.join(missing)} to leave out "
            f"({_known_names(session, 'exposures', domain.Exposure.rootname)}).",
            advice="Correct --exclude.",
        )


def nothing_selected(
    session: Session, scope: Scope, what: str = "exposures", missing: Sequence[str] = ()
) -> NotFoundError:
    """Make the error for an empty selection, with the names that exist.

    Parameters
    ----------
    session : Session
    scope : Scope
        What was selected.
    what : str
        What there is none of.
    missing : sequence of str
        Exposures that are named and not in the selection.
    """
    columns: dict[str, Any] = {
        "rootnames": domain.Exposure.rootname,
        "visits": domain.Visit.program + domain.Visit.number,
        "proposal_id": domain.Visit.proposal_id,
        **_matched(),
        "flavour": domain.Product.flavour,
    }
    words = {"rootnames": "exposures", "visits": "visits", "proposal_id": "proposals"}
    facts = [
        _known_names(session, words.get(name, f"{name}s"), column)
        for name, column in columns.items()
        if getattr(scope, name) not in (None, ())
    ]
    if scope.as_of is not None:
        facts.append(_first_written(session))
    there = f" ({'; '.join(facts)})" if facts else ""
    nothing = f"{what} of this selection"
    return NotFoundError(
        f"The ledger has no {', '.join(missing) or nothing}{there}.",
        advice="Bring them in with `skydb ingest`." if not facts else "Select what there is.",
    )


def _known_names(session: Session, words: str, column: Any) -> str:  # noqa: ANN401 - a mapped column
    found = select(column).where(column.is_not(None)).distinct().order_by(column)
    known = [str(value) for value in session.scalars(found.limit(_FEW + 1))]
    more = ", ..." if len(known) > _FEW else ""
    return f"{words} here: {', '.join(known[:_FEW]) or 'none'}{more}"


def _first_written(session: Session) -> str:
    first = session.scalar(
        select(func.min(domain.ProductVersion.date_written)).where(
            domain.ProductVersion.product_id == domain.Product.id,
            domain.Product.kind != ProductKind.HLET,
        )
    )
    return f"first archive version here: {str(first)[:10] if first else 'of unknown date'}"
