"""What the name of a file tells, when its header cannot be asked."""

from __future__ import annotations

import re
from pathlib import PurePath

from skydb.domain.values import Rootname
from skydb.domain.vocabulary import ProductKind

_NAME = re.compile(r"([a-z0-9]{9})_([a-z0-9]{3})\.fits(?:\.gz)?")
#: First letters of rootnames: WFC3, ACS, NICMOS, STIS, WFPC2.
_CAMERAS = "ijnou"


def product_named(filename: str) -> tuple[Rootname, ProductKind]:
    """Rootname and kind of a product with the name that its pipeline gave it.

    Raises
    ------
    ValueError
        When the name does not tell, which is never guessed at.
    """
    name = PurePath(filename).name
    found = _NAME.fullmatch(name.lower())
    if found is None or found[1][0] not in _CAMERAS or found[2] not in set(ProductKind):
        raise ValueError(f"{name} is not named as the pipeline names its products")
    return Rootname(found[1]), ProductKind(found[2])


def exposure_named(filename: str) -> Rootname:
    """Rootname of the exposure in a file with the name that its pipeline gave it.

    The last letter of an exposure's rootname tells how it was sent to the ground; the
    rootname of an association ends in a digit (HST data handbooks, "HST file names").

    Raises
    ------
    ValueError
        When the name does not tell, or the file combines exposures.
    """
    rootname, kind = product_named(filename)
    if kind.is_combined or not rootname.text[-1].isalpha():
        raise ValueError(f"{PurePath(filename).name} combines several exposures")
    return rootname
