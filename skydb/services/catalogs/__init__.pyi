from .catalog_queries import CatalogQueryService as CatalogQueryService
from .catalog_sources import CatalogSources as CatalogSources
from .epochs import epoch_doubt as epoch_doubt
from .epochs import mean_epochs as mean_epochs
from .refcat import RefcatService as RefcatService
from .region import Region as Region
from .usage import Placed as Placed
from .usage import UsableCatalog as UsableCatalog
