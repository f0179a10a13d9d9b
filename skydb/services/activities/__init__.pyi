from .service import Runs as Runs
from .service import kinds_named as kinds_named
from .service import moment_named as moment_named
from .service import statuses_named as statuses_named
