from .across import SkyChange as SkyChange
from .dates import moment as moment
from .service import Comparisons as Comparisons
from .timeline import Quantity as Quantity
from .timeline import TimePoint as TimePoint
