from .across import SkyChange as SkyChange
from .changes import AlignmentChange as AlignmentChange
from .dates import moment as moment
from .methods import values_of_groups as values_of_groups
from .service import Comparisons as Comparisons
from .timeline import Quantity as Quantity
from .timeline import TimePoint as TimePoint
