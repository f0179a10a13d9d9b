from .outcome import HistoryOutcome as HistoryOutcome
from .outcome import HistoryStatus as HistoryStatus
from .service import HistoryService as HistoryService
