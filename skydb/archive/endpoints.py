"""Addresses of the services: the real ones, unless the environment names others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from skydb.errors import UsageError

MAST_VARIABLE = "SKYDB_MAST_URL"
GAIA_VARIABLE = "SKYDB_GAIA_URL"
GSSS_VARIABLE = "SKYDB_GSSS_URL"
VARIABLES = (MAST_VARIABLE, GAIA_VARIABLE, GSSS_VARIABLE)

#: astroquery's ``conf.server`` for MAST.
MAST_URL = "https://mast.stsci.edu"
#: Names that ``GaiaClass`` gives its TAP and data servers.
GAIA_URL = "https://gea.esac.esa.int"
#: drizzlepac's default for ASTROMETRIC_CATALOG_URL, over TLS.
GSSS_URL = "https://gsss.stsci.edu/webservices"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Roots of the services, without a slash at the end.

    Parameters
    ----------
    mast_url, gaia_url, gsss_url : str
        Each ``http(s)://host[:port][/path]``.

    Raises
    ------
    UsageError
        When one is no such URL, or carries a password, which would be kept with every
        activity.
    """

    mast_url: str = MAST_URL
    gaia_url: str = GAIA_URL
    gsss_url: str = GSSS_URL

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, _checked(name, getattr(self, name)))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The services that ``SKYDB_MAST_URL`` and its like name, else the real ones."""
        found = os.environ if environment is None else environment
        return cls(
            found.get(MAST_VARIABLE) or MAST_URL,
            found.get(GAIA_VARIABLE) or GAIA_URL,
            found.get(GSSS_VARIABLE) or GSSS_URL,
        )


def variables_for(url: str) -> dict[str, str]:
    """Environment variables by which commands ask one server for everything."""
    return dict.fromkeys(VARIABLES, url)


def _checked(name: str, url: str) -> str:
    variable = f"SKYDB_{name.upper()}"
    advice = f"Set {variable} to http://HOST:PORT or https://HOST."
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{variable} is not the URL of a service ({error}).", advice=advice) from (
            error
        )
    if parts.username or parts.password:
        raise UsageError(f"{variable} carries a user name or a password.", advice=advice)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"{variable} is not the URL of a service: {url!r}.", advice=advice)
    return url.strip().rstrip("/")
