from .coverage import Coverage as Coverage
from .evidence import Evidence as Evidence
from .evidence import FitEvidence as FitEvidence
from .evidence import MosaicEvidence as MosaicEvidence
from .export import ExportService as ExportService
from .find import COLUMNS as COLUMNS
from .find import Finder as Finder
from .questions import Questions as Questions
