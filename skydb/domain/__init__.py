"""The domain: entities that are also the tables, value objects, vocabularies."""

from skydb.domain.activity import (
    Activity,
    CatalogImport,
    DownloadActivity,
    Environment,
    Finding,
    Generation,
    IngestActivity,
    Stamp,
    Usage,
)
from skydb.domain.alignment import Acceptance, AlignmentRun
from skydb.domain.base import Base
from skydb.domain.catalog import CatalogService, ReferenceCatalog
from skydb.domain.chip import ChipSolution
from skydb.domain.exposure import Exposure
from skydb.domain.overlap import ChipLevel, OverlapMeasurement, SkyOverlap
from skydb.domain.product import Download, Product, ProductMember, ProductVersion
from skydb.domain.sky import Mosaic, SkyRun, SkyRunGroup, SkyValue
from skydb.domain.solution import AlignmentSolution
from skydb.domain.visit import Visit

__all__ = [
    "Acceptance",
    "Activity",
    "AlignmentRun",
    "AlignmentSolution",
    "Base",
    "CatalogImport",
    "CatalogService",
    "ChipLevel",
    "ChipSolution",
    "Download",
    "DownloadActivity",
    "Environment",
    "Exposure",
    "Finding",
    "Generation",
    "IngestActivity",
    "Mosaic",
    "OverlapMeasurement",
    "Product",
    "ProductMember",
    "ProductVersion",
    "ReferenceCatalog",
    "SkyOverlap",
    "SkyRun",
    "SkyRunGroup",
    "SkyValue",
    "Stamp",
    "Usage",
    "Visit",
]
