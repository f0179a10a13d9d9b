"""The rule by which a run chooses one version of each exposure; one for all commands.

1. The user's choice: a flavour, a version, a file, a date, exposures to leave out.
2. Else the flavour in which all exposures exist: first one whose newest archive versions all
   hold an accepted solution, then pipeline, svm, mvm, user. FLC comes before FLT.
3. Within it the newest archive version, or the version made of it with the accepted solution.

The order in which files were recorded does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from skydb.domain.product import Product
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.errors import InputsRefusedError

#: Kinds that are single exposures, the better calibrated first.
EXPOSURE_KINDS = (
    ProductKind.FLC,
    ProductKind.FLT,
    ProductKind.C0M,
    ProductKind.CAL,
    ProductKind.SX2,
)

#: Flavours in the order in which a run takes them.
FLAVOURS = (Flavour.PIPELINE, Flavour.SVM, Flavour.MVM, Flavour.SKYDB, Flavour.USER)


@dataclass(frozen=True, slots=True)
class Wish:
    """The inputs that a user names; the rule chooses the rest.

    Parameters
    ----------
    flavour : Flavour, optional
        Only files of this flavour; SKYDB stands for versions that skydb has aligned.
    as_of : date, optional
        Only archive versions that were written on this day or before (DATE).
    versions : mapping of str to int
        Number of the version to use of an exposure, by rootname.
    files : mapping of str to str
        SHA-256 of the file version to use of an exposure, by rootname.
    """

    flavour: Flavour | None = None
    as_of: date | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def admits(self, delivery: ProductVersion) -> bool:
        """Whether an archive version was written in time."""
        if self.as_of is None:
            return True
        written = (delivery.date_written or delivery.recorded_at.isoformat())[:10]
        return written <= self.as_of.isoformat()


@dataclass(frozen=True, slots=True)
class Unfitted:
    """A product that is not fitted, because it shares exposures with one that is.

    Parameters
    ----------
    product : str
        Its file name.
    shared : tuple of str
        Exposures that both have.
    without : tuple of str
        Its exposures that no product of the run has, so that they get no fit.
    """

    product: str
    shared: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True)
class ChosenInput:
    """A version that a run uses, with the reason.

    Parameters
    ----------
    version : ProductVersion
        Of an exposure.
    reason : str
        Why this one.
    passed_over : tuple of str
        What else there was, each as flavour, kind and version.
    unfitted : tuple of Unfitted
        Of a product that is fitted: those with other exposures that are not, because of it.
    """

    version: ProductVersion
    reason: str
    passed_over: tuple[str, ...] = ()
    unfitted: tuple[Unfitted, ...] = ()

    @property
    def rootname(self) -> str:
        """The exposure."""
        return self.version.subject

    def as_row(self) -> dict[str, Any]:
        """Give the input and what was passed over as a row of a table."""
        return {
            **described(self.version),
            "reason": self.reason,
            "passed_over": ", ".join(self.passed_over),
        }


def described(version: ProductVersion) -> dict[str, Any]:
    """A version as a row of a table of inputs."""
    solution, accepted = version.current_solution, version.accepted_solution
    return {
        "rootname": version.subject,
        "filename": version.filename,
        "flavour": version.product.flavour.value,
        "kind": version.product.kind.value,
        "version": version.number,
        "delivery": version.delivery,
        "wcs_name": solution.wcs_name if solution else None,
        "alignment": f"solution:{accepted.id}" if accepted else "archive",
        "cal_ver": version.cal_ver,
        "date_written": version.date_written,
    }


def choose(products: Iterable[Product], wish: Wish | None = None) -> list[ChosenInput]:
    """One version of each exposure, in order of rootname.

    Parameters
    ----------
    products : iterable of Product
        Every product of the exposures that is a single exposure's.
    wish : Wish, optional
        What the user names.

    Raises
    ------
    InputsRefusedError
        When no flavour covers all exposures, or what is named is not there; it has the
        table of what there is.
    """
    wish = wish or Wish()
    candidates = by_exposure(products)
    named = {name: found for name in candidates if (found := _named(candidates[name], wish, name))}
    rest = {name: several for name, several in candidates.items() if name not in named}
    chosen = [*named.values(), *(_of_one_flavour(rest, wish) if rest else ())]
    return sorted(chosen, key=lambda one: one.rootname)


def by_exposure(products: Iterable[Product]) -> dict[str, list[Product]]:
    """Group products of single exposures that have an archive version by rootname."""
    candidates: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        if product.kind in EXPOSURE_KINDS and product.deliveries:
            candidates[product.subject].append(product)
    return dict(candidates)


def _named(products: Sequence[Product], wish: Wish, name: str) -> ChosenInput | None:
    """Find the version of an exposure that the user names; None without one."""
    number, sha256 = wish.versions.get(name), wish.files.get(name)
    if number is None and sha256 is None:
        return None
    found = [
        version
        for product in products
        for version in product.versions
        if sha256 in (None, version.sha256) and number in (None, version.number)
        and (wish.flavour is None or _is_of(version, wish.flavour))
    ]  # fmt: skip
    if len(found) == 1:
        reason = "named by its file" if sha256 else f"named as {name}@{number}"
        return ChosenInput(found[0], reason, _others(products, found[0]))
    raise InputsRefusedError(
        f"{_what(name, number, sha256)} {_problem(found, number, sha256)}.",
        rows=_table({name: products}),
    )


def _what(name: str, number: int | None, sha256: str | None) -> str:
    if sha256 is None:
        return f"{name}@{number}"
    return f"The file of {name} that is named"


def _problem(found: Sequence[ProductVersion], number: int | None, sha256: str | None) -> str:
    if found:
        return "is in several products; name --flavour"
    if None in (number, sha256):
        return "is not in the ledger"
    return f"is not its version {number}: name one of the two"


def _of_one_flavour(candidates: Mapping[str, Sequence[Product]], wish: Wish) -> list[ChosenInput]:
    why, offer = flavour_of_all(candidates, wish)
    return [
        ChosenInput(version, f"{why}; {why_version(version)}", _others(candidates[name], version))
        for name, version in offer.items()
    ]


def flavour_of_all(
    candidates: Mapping[str, Sequence[Product]], wish: Wish
) -> tuple[str, dict[str, ProductVersion]]:
    """Choose a flavour by the second step of the rule; return the reason and its versions.

    Parameters
    ----------
    candidates : mapping of str to sequence of Product
        Products of each exposure.
    wish : Wish
        What the user names.

    Raises
    ------
    InputsRefusedError
        When no flavour covers all exposures.
    """
    flavours = FLAVOURS if wish.flavour is None else (wish.flavour,)
    offers = {flavour: _offer(candidates, flavour, wish) for flavour in flavours}
    complete = {
        flavour: offer for flavour, offer in offers.items() if len(offer) == len(candidates)
    }
    if not complete:
        raise _no_flavour(candidates, wish)
    aligned = [flavour for flavour, offer in complete.items() if _is_aligned(offer.values())]
    flavour = next(iter(aligned or complete))
    return _why(flavour, wish, complete, is_aligned=bool(aligned)), complete[flavour]


def _offer(
    candidates: Mapping[str, Sequence[Product]], flavour: Flavour, wish: Wish
) -> dict[str, ProductVersion]:
    """Find the version of each exposure in a flavour."""
    offer = {}
    for name, products in candidates.items():
        for product in sorted(products, key=_rank):
            version = newest_in_time(product, flavour, wish)
            if version is not None:
                offer[name] = version
                break
    return offer


def _rank(product: Product) -> int:
    """Order: the better calibrated first; combinations last."""
    kinds = EXPOSURE_KINDS
    return kinds.index(product.kind) if product.kind in kinds else len(kinds)


def newest_in_time(product: Product, flavour: Flavour, wish: Wish) -> ProductVersion | None:
    """Find the last version made of the newest archive version in time."""
    deliveries = [one for one in product.deliveries if wish.admits(one)]
    if not deliveries:
        return None
    newest = deliveries[-1].delivery
    found = [
        version
        for version in product.versions
        if version.delivery == newest and _is_of(version, flavour)
    ]
    # Versions that skydb made are used only when the user names them.
    if flavour is Flavour.SKYDB and wish.flavour is None and product.flavour is not flavour:
        return None
    return max(found, key=lambda version: version.place, default=None)


def _is_of(version: ProductVersion, flavour: Flavour) -> bool:
    if flavour is Flavour.SKYDB:
        return version.product.flavour is flavour or not version.is_delivery
    return version.product.flavour is flavour


def _is_aligned(versions: Iterable[ProductVersion]) -> bool:
    return all(version.accepted_solution is not None for version in versions)


def _why(flavour: Flavour, wish: Wish, complete: Iterable[Flavour], *, is_aligned: bool) -> str:
    if wish.flavour is not None:
        return f"flavour {flavour} was named"
    if len(list(complete)) == 1:
        return f"{flavour} is the one flavour of all exposures"
    if is_aligned:
        return f"{flavour} is the first flavour of which all exposures are aligned"
    return f"{flavour} is the first flavour of all exposures"


def why_version(version: ProductVersion) -> str:
    """Describe which of the versions of a product it is."""
    delivered = " ".join(filter(None, (version.cal_ver, (version.date_written or "")[:10])))
    which = "newest archive version" if version.is_newest_delivery else "archive version in time"
    if version.accepted_solution:
        return f"{which} ({delivered}), aligned"
    return f"{which} ({delivered})" + (", as in the archive" if version.derivatives else "")


def _others(products: Sequence[Product], chosen: ProductVersion) -> tuple[str, ...]:
    return tuple(
        f"{version.product.flavour} {version.product.kind} {version.reference}"
        for product in products
        for version in product.versions
        if version is not chosen and version is not chosen.origin
    )


def _no_flavour(candidates: Mapping[str, Sequence[Product]], wish: Wish) -> InputsRefusedError:
    what = "No flavour" if wish.flavour is None else f"Flavour {wish.flavour} does not exist"
    written = f" written by {wish.as_of.isoformat()}" if wish.as_of else ""
    verb = "covers" if wish.flavour is None else "for"
    return InputsRefusedError(
        f"{what} {verb} all {len(candidates)} exposures{written}.",
        rows=_table(candidates),
        advice="Leave exposures out with --exclude, name --flavour, or ingest what is missing.",
    )


def _table(candidates: Mapping[str, Sequence[Product]]) -> list[dict[str, Any]]:
    return [
        described(version)
        for name in sorted(candidates)
        for product in candidates[name]
        for version in product.versions
    ]
