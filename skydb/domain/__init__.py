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
from skydb.domain.alignment import Acceptance, AlignmentRun, Restoration
from skydb.domain.base import Base
from skydb.domain.books import BadDelivery, BookEntry
from skydb.domain.catalog import CatalogService, ReferenceCatalog
from skydb.domain.chip import ChipSolution
from skydb.domain.download import Download
from skydb.domain.exposure import Exposure
from skydb.domain.history import HistoryImport, Repair, RunAttempt
from skydb.domain.isolation import HeaderBackup, HeaderRestore, HeaderWrite, InputProof
from skydb.domain.location import FileLocation
from skydb.domain.overlap import ChipLevel, OverlapMeasurement, SkyOverlap
from skydb.domain.passband import Passband
from skydb.domain.preset import Preset
from skydb.domain.process import Process
from skydb.domain.product import Product, ProductMember
from skydb.domain.selftest import CheckResult, SelfTest, SelfTestCheck
from skydb.domain.sky import Mosaic, SkyRun, SkyRunGroup, SkyValue
from skydb.domain.solution import AlignmentSolution
from skydb.domain.trust import TrustReason
from skydb.domain.version import ProductVersion
from skydb.domain.visit import Visit
from skydb.domain.visitdrizzle import VisitDrizzle

__all__ = [
    "Acceptance",
    "Activity",
    "AlignmentRun",
    "AlignmentSolution",
    "BadDelivery",
    "Base",
    "BookEntry",
    "CatalogImport",
    "CatalogService",
    "CheckResult",
    "ChipLevel",
    "ChipSolution",
    "Download",
    "DownloadActivity",
    "Environment",
    "Exposure",
    "FileLocation",
    "Finding",
    "Generation",
    "HeaderBackup",
    "HeaderRestore",
    "HeaderWrite",
    "HistoryImport",
    "IngestActivity",
    "InputProof",
    "Mosaic",
    "OverlapMeasurement",
    "Passband",
    "Preset",
    "Process",
    "Product",
    "ProductMember",
    "ProductVersion",
    "ReferenceCatalog",
    "Repair",
    "Restoration",
    "RunAttempt",
    "SelfTest",
    "SelfTestCheck",
    "SkyOverlap",
    "SkyRun",
    "SkyRunGroup",
    "SkyValue",
    "Stamp",
    "TrustReason",
    "Usage",
    "Visit",
    "VisitDrizzle",
]
