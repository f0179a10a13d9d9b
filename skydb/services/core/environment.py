"""The software a run depends on, written down, with what is known to be wrong with it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Environment, Process
from skydb.files.processes import this_process

#: Distributions whose version can change a sky value or a fit.
PACKAGES = (
    "astropy",
    "drizzle",
    "drizzlepac",
    "numpy",
    "photutils",
    "scipy",
    "skydb",
    "spherical_geometry",
    "stsci.image",
    "stsci.imagestats",
    "stsci.skypac",
    "stsci.stimage",
    "stwcs",
    "tweakwcs",
)

_Fault = tuple[str, Callable[[Version], bool], str]

#: Versions known to give wrong answers without an error, and the cure.
_FAULTS: tuple[_Fault, ...] = (
    (
        "spherical_geometry",
        lambda found: found >= Version("1.4"),
        "lacks what skypac calls, so that skymethod 'match' becomes 'localmin' and "
        "'globalmin+match' becomes 'globalmin'; pin spherical_geometry>=1.3.0,<1.3.5",
    ),
    (
        "spherical_geometry",
        lambda found: Version("1.3.5") <= found < Version("1.4"),
        "swaps x and y of the footprints of detectors that are not square; "
        "pin spherical_geometry>=1.3.0,<1.3.5",
    ),
    (
        "photutils",
        lambda found: found >= Version("3"),
        "breaks drizzlepac's source extraction; pin photutils>=2.2,<3",
    ),
)


@cache
def installed_packages() -> dict[str, str]:
    """Versions of :data:`PACKAGES`; ``absent`` for one that is not installed."""
    return {name: _version_of(name) for name in PACKAGES}


def describe_environment() -> Environment:
    """Python here and its packages, as an entity that is in no session yet."""
    system = f"{platform.system()} {platform.machine()}"
    return Environment(platform.python_version(), system, installed_packages())


def remember_environment(session: Session) -> Environment:
    """The environment here as the ledger knows it, added when it is new."""
    here = describe_environment()
    known = session.scalar(select(Environment).where(Environment.fingerprint == here.fingerprint))
    if known is None:
        session.add(here)
    return known or here


def remember_process(session: Session) -> Process:
    """The present process as the ledger knows it, added when it is new."""
    here = this_process()
    alike = select(Process).where(Process.pid == here.pid, Process.host == here.host)
    known = next((one for one in session.scalars(alike) if one.identity == here), None)
    if known is None:
        known = Process(here)
        session.add(known)
    return known


def known_faults(packages: Mapping[str, str]) -> list[str]:
    """Known faults of these versions, one sentence a fault, with the cure."""
    return [
        f"{name} {packages[name]} {fault}."
        for name, is_bad, fault in _FAULTS
        if packages.get(name, "absent") != "absent" and is_bad(Version(packages[name]))
    ]


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
