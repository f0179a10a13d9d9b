from .catalog_queries import CatalogQueryService as CatalogQueryService
from .epochs import epoch_doubt as epoch_doubt
from .epochs import mean_epochs as mean_epochs
from .refcat import RefcatService as RefcatService
from .refcat import find_catalog as find_catalog
from .region import Region as Region
