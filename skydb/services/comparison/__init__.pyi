from .across import SkyChange as SkyChange
from .dates import moment as moment
from .service import Comparisons as Comparisons
from .significance import criterion_told as criterion_told
from .timeline import Quantity as Quantity
from .timeline import TimePoint as TimePoint
