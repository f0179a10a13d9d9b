"""The rule that chooses the drizzled products for an alignment.

The files of the exposures decide, as for every other run. Of the flavours in which all of them
exist and can be fitted, the first whose newest archive versions hold an accepted solution is
taken, then pipeline, svm, mvm, user. The products whose fits move those files are fitted; of
several products of one exposure, those that are made of its newest file, and of these one: an
exposure gets one fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from skydb.domain.choice import (
    FLAVOURS,
    ChosenInput,
    Unfitted,
    Wish,
    by_exposure,
    flavour_of_all,
    newest_in_time,
    why_version,
)
from skydb.domain.product import Product
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import Flavour, ProductKind

#: Flavours that the members of a product can have, the likeliest first. What a user drizzles
#: is made of the archive's files; sky cells are made of the exposures of single visits.
MADE_OF = {
    Flavour.PIPELINE: (Flavour.PIPELINE,),
    Flavour.SVM: (Flavour.SVM,),
    Flavour.MVM: (Flavour.MVM, Flavour.SVM),
    Flavour.SKYDB: (Flavour.SKYDB, Flavour.PIPELINE, Flavour.SVM, Flavour.MVM, Flavour.USER),
    Flavour.USER: (Flavour.USER, Flavour.PIPELINE, Flavour.SVM, Flavour.MVM, Flavour.SKYDB),
}

#: A file that a fit of a product moves: flavour and kind of the product, and the exposure.
_Moved = tuple[Flavour, ProductKind | None, str]


def choose_combinations(
    combinations: Iterable[Product],
    files: Iterable[Product],
    wish: Wish | None = None,
    behind: Collection[Product] = (),
) -> list[ChosenInput]:
    """The combinations to fit, in the order in which they came; none where there is none.

    Parameters
    ----------
    combinations : iterable of Product
        Drizzled products.
    files : iterable of Product
        Every product of their members that is a single exposure's. A member without any is
        taken to have the flavours of its combinations.
    wish : Wish, optional
        A flavour, a day.
    behind : collection of Product
        Combinations that are made of older files than those that stand now: of several
        that would move an exposure, the others go first.

    Raises
    ------
    InputsRefusedError
        When no flavour covers all exposures; it has the table of what there is.
    """
    wish = wish or Wish()
    offered = {one: version for one in combinations if (version := _offer(one, wish))}
    named = [one for one in offered if one.members] or list(offered)
    if not named:
        return []
    field = _Field(named, by_exposure(files))
    why, versions = flavour_of_all(field.candidates, wish)
    wanted = {name: version.product.flavour for name, version in versions.items()}
    taken = field.moving(wanted, behind)
    beside = [one for one in offered if not one.members and one.flavour in wanted.values()]
    kept, left = {*taken, *beside}, _left(field.combinations, taken, versions)
    return [
        ChosenInput(version, f"{why}; {why_version(version)}", unfitted=tuple(left[one]))
        for one, version in offered.items()
        if one in kept
    ]


def _left(
    combinations: Sequence[Product], taken: Sequence[Product], wanted: Collection[str]
) -> dict[Product, list[Unfitted]]:
    """Products beside each one taken, of which some exposures are in no product taken."""
    found: dict[Product, list[Unfitted]] = defaultdict(list)
    fitted = {name for one in taken for name in _members(one)}
    for other in combinations:
        without = tuple(name for name in _members(other) if name in wanted and name not in fitted)
        for one in taken if without else ():
            shared = tuple(name for name in _members(other) if name in _members(one))
            if shared:
                found[one].append(Unfitted(other.filename, shared, without))
                break
    return found


def _offer(combination: Product, wish: Wish) -> ProductVersion | None:
    by_name = wish.flavour is Flavour.SKYDB
    flavour = Flavour.SKYDB if by_name else combination.flavour
    if wish.flavour not in (None, flavour):
        return None
    return newest_in_time(combination, flavour, wish)


@dataclass(frozen=True)
class _Field:
    """Combinations, and the files of their members by rootname."""

    combinations: Sequence[Product]
    files: Mapping[str, Sequence[Product]]

    @property
    def candidates(self) -> dict[str, list[Product]]:
        """Files of each exposure that a fit would move."""
        found: dict[str, list[Product]] = defaultdict(list)
        for one in self.combinations:
            for name in _members(one):
                for file in self.files.get(name, [one]):
                    if self._moves(one, file) and file not in found[name]:
                        found[name].append(file)
        return {name: several for name, several in found.items() if several}

    def _moves(self, combination: Product, file: Product) -> bool:
        return file is combination or file.flavour in MADE_OF[combination.flavour]

    def moving(
        self, wanted: Mapping[str, Flavour], behind: Collection[Product] = ()
    ) -> list[Product]:
        """Select those whose fits move files of these flavours, no exposure in two flavours."""
        taken: list[Product] = []
        for is_late, flavour in product((False, True), _order(set(wanted.values()))):
            moved = {name for one in taken for name in _members(one)}
            found = [
                one
                for one in self.combinations
                if one.flavour is flavour
                and (one in behind) is is_late
                and not moved.intersection(_members(one))
                and any(self._is_moved(one, name, wanted) for name in _members(one))
            ]
            taken += _apart(found)
        return taken

    def _is_moved(self, combination: Product, name: str, wanted: Mapping[str, Flavour]) -> bool:
        if name not in wanted:
            return False
        if name in self.files:
            return wanted[name] in MADE_OF[combination.flavour]
        return wanted[name] is combination.flavour


def _apart(combinations: Sequence[Product]) -> list[Product]:
    """Select products of which no two move one file: first most members, then the newest.

    A product of a part of a visit may exist beside one of the whole visit, and a total
    product of HAP, which is of all filters, beside one of each filter: those of the filters
    go first, or a fit would move the exposures of filters that were not selected.
    """
    taken: set[int] = set()
    moved: set[_Moved] = set()
    for one in sorted(
        combinations,
        key=lambda one: (
            _is_total(one.filename),
            -len(one.members),
            -one.latest.recorded_at.timestamp(),
        ),
    ):
        mine = moved_by(one)
        if moved.isdisjoint(mine):
            taken.add(id(one))
            moved |= mine
    return [one for one in combinations if id(one) in taken]


def moved_by(combination: Product) -> frozenset[_Moved]:
    """Files that a fit of a product moves: a DRZ moves FLTs, a DRC FLCs.

    Products of different flavours are taken to move different files.
    """
    flavour = combination.flavour
    kind = None if flavour is Flavour.SKYDB else combination.kind
    return frozenset((flavour, kind, name) for name in _members(combination))


def _is_total(filename: str) -> bool:
    """Whether a name is that of a total product of HAP, which combines filters."""
    return filename.lower().startswith("hst_") and "_total_" in filename.lower()


def _members(combination: Product) -> list[str]:
    """Its exposures; a combination that names none stands for itself."""
    return [member.rootname for member in combination.members] or [combination.filename]


def _order(first: Collection[Flavour]) -> list[Flavour]:
    return [*(one for one in FLAVOURS if one in first), *(f for f in FLAVOURS if f not in first)]
