"""The guards of a run: checks of the chosen inputs, with their notes and flags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, contains_eager, lazyload, selectinload

from skydb.domain import AlignmentSolution, BookEntry, Product, ProductMember, ProductVersion
from skydb.domain.choice import ChosenInput
from skydb.domain.delivery import DeliveryKey
from skydb.domain.guards import Flag, GuardPolicy, flags_of
from skydb.domain.vocabulary import EntryKind, FindingKind, ProductKind
from skydb.store.rows import batches

_DISMISSAL = "ignore:"
_BATCH = 500


def guarded_inputs(
    session: Session, chosen: Sequence[ChosenInput], policy: GuardPolicy
) -> list[Flag]:
    """Check the inputs of a run before it starts.

    Raises
    ------
    InputsRefusedError
        When a guard refuses them.
    """
    _load_chips(session, chosen)
    flags = flags_of(chosen, book_remarks(session, chosen)) + _older_than_products(session, chosen)
    return policy.apply(flags, [one.as_row() for one in chosen])


def _load_chips(session: Session, chosen: Sequence[ChosenInput]) -> None:
    """Load the chips of the WCS in the files, which guards look at, in a few statements."""
    solutions = (one.version.current_solution for one in chosen)
    for batch in batches([solution.id for solution in solutions if solution]):
        wanted = select(AlignmentSolution).where(AlignmentSolution.id.in_(batch))
        session.scalars(wanted.options(selectinload(AlignmentSolution.chips))).all()


def _older_than_products(session: Session, chosen: Sequence[ChosenInput]) -> list[Flag]:
    """Inputs of which the archive has newer files, for it has made a product of such.

    The product alone was fetched again; whether IDCTAB changed too is no matter.
    """
    own = {one.rootname: one.version for one in chosen if one.version.is_newest_delivery}
    found: dict[str, ProductVersion] = {}
    for rootname, made in _drizzled_of(session, own):
        mine = own[rootname]
        newest = found.get(rootname, mine.origin)
        is_like = made.product.flavour is mine.product.flavour
        if is_like and made.is_delivery and _calibration(made) > _calibration(newest) > ():
            found[rootname] = made
    return [
        Flag(
            FindingKind.STALE_INPUT,
            rootname,
            f"{made.reference} was made with CAL_VER {made.cal_ver}, {own[rootname].reference} has "
            f"{own[rootname].cal_ver}: a newer archive version of it exists. Fetch it.",
        )
        for rootname, made in sorted(found.items())
    ]


def _drizzled_of(
    session: Session, rootnames: Collection[str]
) -> Iterator[tuple[str, ProductVersion]]:
    """Versions of drizzled products of exposures, each with the member."""
    flavour_alone = contains_eager(ProductVersion.product).options(
        lazyload(Product.visit), lazyload(Product.exposure)
    )
    for batch in batches(rootnames):
        query = (
            select(ProductMember.rootname, ProductVersion)
            .join(Product, Product.id == ProductMember.product_id)
            .join(ProductVersion, ProductVersion.product_id == Product.id)
            .where(
                ProductMember.rootname.in_(batch),
                Product.kind.in_((ProductKind.DRZ, ProductKind.DRC)),
                ProductVersion.cal_ver.is_not(None),
            )
            .order_by(ProductVersion.id)
            .options(flavour_alone, lazyload(ProductVersion.locations))
        )
        yield from map(tuple, session.execute(query))


def _calibration(version: ProductVersion) -> tuple[int, ...]:
    return DeliveryKey.of(version).cal_ver


def book_remarks(session: Session, chosen: Sequence[ChosenInput]) -> dict[str, list[str]]:
    """Notes and flags that hold on the exposures and products, and flags on their visits."""
    remarks: dict[str, list[str]] = defaultdict(list)
    for first in range(0, len(chosen), _BATCH):
        subjects = {one.rootname: _subjects(one) for one in chosen[first : first + _BATCH]}
        for name, texts in remarks_on(session, subjects).items():
            remarks[name] += texts
    return dict(remarks)


@dataclass(frozen=True)
class Subjects:
    """Keys of the rows that remarks on one input can be about."""

    exposures: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()
    visits: frozenset[int] = frozenset()

    def has(self, entry: BookEntry) -> bool:
        """Whether a note or flag is about one of them."""
        return (
            entry.exposure_id in self.exposures
            or entry.product_id in self.products
            or (entry.visit_id in self.visits and entry.kind is EntryKind.FLAG)
        )


def remarks_on(session: Session, inputs: Mapping[str, Subjects]) -> dict[str, list[str]]:
    """Notes and flags that hold on some inputs, by the name of each; of visits flags alone."""
    remarks: dict[str, list[str]] = defaultdict(list)
    for entry in session.scalars(_entries(inputs.values())):
        for name, subjects in inputs.items():
            if subjects.has(entry) and not (entry.label or "").startswith(_DISMISSAL):
                remarks[name].append(entry.sentence)
    return dict(remarks)


def _subjects(chosen: ChosenInput) -> Subjects:
    product = chosen.version.product
    exposures = frozenset(() if product.exposure_id is None else (product.exposure_id,))
    return Subjects(exposures, frozenset((product.id,)), frozenset((product.visit_id,)))


def _entries(inputs: Collection[Subjects]) -> Select[BookEntry]:
    return (
        select(BookEntry)
        .where(
            BookEntry.withdrawn_at.is_(None),
            BookEntry.kind.in_((EntryKind.NOTE, EntryKind.FLAG)),
            or_(
                BookEntry.exposure_id.in_(set().union(*(one.exposures for one in inputs))),
                BookEntry.product_id.in_(set().union(*(one.products for one in inputs))),
                BookEntry.visit_id.in_(set().union(*(one.visits for one in inputs))),
            ),
        )
        .order_by(BookEntry.id)
    )
