"""Products with versions of chosen deliveries, for what decides between them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from skydb.domain import AlignmentSolution, Exposure, Product, ProductVersion, Visit
from skydb.domain.choice import ChosenInput
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import Flavour, ProductKind, SolutionOrigin, SolutionStatus
from tests.domain.entities import facts_of, file_of, ingest, wcs


def delivery(
    rootname: str, kind: ProductKind = ProductKind.FLT, content: str = "", **facts: Any
) -> FileFacts:
    """A file of an exposure from outside; its content follows from what it says."""
    told = {"cal_ver": "3.5.0", "date_written": "2017-01-01", **facts}
    sha256 = hashlib.sha256(repr((rootname, kind, content, sorted(told.items()))).encode())
    name = told.pop("name", f"{rootname}_{kind}.fits")
    base = replace(file_of(f"{rootname}_{kind}.fits", sha256.hexdigest()), path=Path(name))
    return replace(base, kind=kind, **told)


class ProductSet:
    """The products of some exposures, as ingest would order them."""

    def __init__(self) -> None:
        self.visits: dict[str, Visit] = {}
        self.exposures: dict[str, Exposure] = {}
        self.products: dict[str, Product] = {}

    def exposure(self, rootname: str) -> Exposure:
        if rootname not in self.exposures:
            facts = facts_of(rootname)
            visit = self.visits.setdefault(rootname[4:6], Visit.of(facts))
            self.exposures[rootname] = Exposure(visit, facts)
        return self.exposures[rootname]

    def add(self, file: FileFacts, wcs_name: str = "IDC_w3m18525i") -> ProductVersion:
        exposure = self.exposure(str(file.facts.rootname))
        key = f"{exposure.rootname}/{file.kind}/{file.flavour}"
        if key not in self.products:
            self.products[key] = Product.of(file, exposure.visit, exposure)
        version = self.products[key].add_version(file)
        version.see_at(f"{len(self.products)}/{version.number}/{file.path.name}", is_managed=False)
        AlignmentSolution.found(version, ingest(), wcs(wcs_name))
        return version

    @property
    def all(self) -> list[Product]:
        return list(self.products.values())


def accepted(version: ProductVersion) -> ProductVersion:
    """Make the version of an acceptance."""
    content = hashlib.sha256(
        f"{version.sha256}/aligned/{len(version.derivatives)}".encode()
    ).hexdigest()
    facts = replace(
        file_of(f"{version.subject}_flt.fits", content),
        cal_ver=version.cal_ver,
        date_written=version.date_written,
    )
    made = version.derive(facts, f"versions/{content}")
    solution = AlignmentSolution(
        made, ingest(), SolutionOrigin.TWEAKBACK, SolutionStatus.APPLIED, wcs("IDC_x-FIT_SKYDB_g")
    )
    solution.wcs_key = " "
    return made


def chosen(*versions: ProductVersion) -> list[ChosenInput]:
    return [ChosenInput(version, "for a test") for version in versions]


PIPELINE, SVM, MVM, USER = Flavour.PIPELINE, Flavour.SVM, Flavour.MVM, Flavour.USER
