"""HST visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key
from skydb.domain.values import ExposureFacts, Rootname

if TYPE_CHECKING:
    from skydb.domain.exposure import Exposure
    from skydb.domain.product import Product


#: Between the names of several targets, and in place of those that there is no room for.
_COMMA, _SEVERAL = ", ", "several"
_LONGEST = 64


class Visit(Base):
    """One visit of a program: exposures that share guide stars and so a pointing error.

    Parameters
    ----------
    program : str
        Three characters of the rootname that stand for the proposal.
    number : str
        Two characters of the rootname.
    proposal_id : int or None
        Proposal (PROPOSID); None while only a log names the visit.
    target_name : str, optional
        TARGNAME of its exposures, where there are several with commas and in order; ``several``
        where these are too long.
    """

    __tablename__ = "visits"
    __table_args__ = (UniqueConstraint("program", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    program: Mapped[str] = mapped_column(String(3))
    number: Mapped[str] = mapped_column(String(2))
    proposal_id: Mapped[int | None] = mapped_column(index=True)
    target_name: Mapped[str | None] = mapped_column(String(_LONGEST))

    exposures: Mapped[list[Exposure]] = relationship(
        back_populates="visit", order_by="Exposure.rootname"
    )
    products: Mapped[list[Product]] = relationship(back_populates="visit", order_by="Product.id")

    def __init__(
        self,
        program: str,
        number: str,
        proposal_id: int | None = None,
        target_name: str | None = None,
    ) -> None:
        self.program = program
        self.number = number
        self.proposal_id = proposal_id
        self.target_name = target_name

    @classmethod
    def of(cls, facts: ExposureFacts) -> Visit:
        """The visit that an exposure belongs to, by its rootname."""
        name: Rootname = facts.rootname
        return cls(name.program, name.visit_number, facts.proposal_id, facts.target_name)

    def learn(self, facts: ExposureFacts) -> None:
        """Take facts from the header of one of its exposures: every target, and the proposal."""
        self.proposal_id = self.proposal_id or facts.proposal_id
        self.target_name = _joined(self.target_name, facts.target_name)

    def contradiction(self, facts: ExposureFacts) -> str | None:
        """Describe how the proposal of one of its exposures is not its own; None when it is.

        The three characters of the program in a rootname stand for one proposal.
        """
        if not facts.proposal_id or facts.proposal_id == self.proposal_id:
            return None
        return (
            f"PROPOSID is {facts.proposal_id}, and earlier exposures of visit {self.label} have "
            f"{self.proposal_id}, which is used."
        )

    @property
    def label(self) -> str:
        """Program and visit together, e.g. ``bxl50``."""
        return f"{self.program}{self.number}"


def _joined(known: str | None, name: str | None) -> str | None:
    """Names of all targets in order: parallel exposures often have one of their own."""
    if known == _SEVERAL or name is None:
        return known
    names = sorted({*(known.split(_COMMA) if known else ()), name})
    joined = _COMMA.join(names)
    return joined if len(joined) <= _LONGEST else _SEVERAL
