"""An archive on loopback: MAST, the astrometric catalogue service and Gaia, over plain HTTP.

It serves a directory that ``skydb simulate`` wrote, and speaks what astroquery 0.4.11
and drizzlepac 3.11 speak, so that the real clients need only another address::

    with LoopbackArchive(directory) as archive:
        archive.url                  # http://127.0.0.1:PORT
        archive.misbehave(Fault.DROPPED, product="ibxl50clq_flt.fits", times=1)
        ...                          # the clients' work
        archive.stats().downloads    # requests and bytes of each URI

==================================  ========================================================
path below ``url``                  service
==================================  ========================================================
``/portal``, ``/api/v0/invoke``     MAST portal: ``Service.PORTAL``
``/api/v0.1/Download/file``         MAST downloads, with ranges: ``Service.DOWNLOAD``
``/vo/CatalogSearch.aspx``          GSSS catalogues: ``Service.GSSS``; the client's
                                    ``ASTROMETRIC_CATALOG_URL`` is ``url``
``/tap-server/tap``                 Gaia TAP: ``Service.GAIA``; the client's
                                    ``gaia_tap_server`` and ``gaia_data_server`` are ``url``
``/_control``                       ``stats``, ``misbehave``, ``replace``: for tests in other
                                    processes
==================================  ========================================================

Every failure of a real archive is a :class:`~skydb.simulate.archive.faults.Fault` on
demand.
"""

from skydb.errors import UsageError

try:
    import starlette  # noqa: F401 - is the extra there?
    import uvicorn  # noqa: F401
except ModuleNotFoundError as error:
    raise UsageError(
        f"The loopback archive needs {error.name}, which is not installed.",
        advice="Install it with: pip install 'skydb[archive]'.",
    ) from error

from skydb.simulate.archive.faults import HOSTILE_NAMES, Fault, Misbehaviour, Service
from skydb.simulate.archive.server import LoopbackArchive, serve
from skydb.simulate.archive.stats import ArchiveStats, DownloadStats

__all__ = [
    "HOSTILE_NAMES",
    "ArchiveStats",
    "DownloadStats",
    "Fault",
    "LoopbackArchive",
    "Misbehaviour",
    "Service",
    "serve",
]
