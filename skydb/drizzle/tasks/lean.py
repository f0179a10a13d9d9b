"""drizzlepac's modules without its package, which imports all that it has for 2 to 3 s.

``drizzlepac/__init__.py`` imports every task, the catalogues and the pipelines of the Hubble
Advanced Products, and with them matplotlib, scikit-learn, photutils and asdf; skypac imports
all of its own. A task needs little of it. What it runs is drizzlepac's own code either way.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from importlib.machinery import ModuleSpec
from types import ModuleType

from skydb.drizzle.tasks.lookups import (
    copy_headers_whole,
    count_on_few_cards,
    find_cards_by_index,
    pass_sound_cards,
)
from skydb.postponed import SELDOM, LateModule, postpone

_PACKAGE = "drizzlepac"
_SKYPAC = "stsci.skypac"
_IMAGE = "stsci.image"
_UPDATE = "stwcs.updatewcs"
#: Asks the service of astrometry, with requests, for ``updatewcs`` alone.
_SERVICE = f"{_UPDATE}.astrometry_utils"
#: Modules that ``wcs_functions`` imports for headerlets.
_OF_HEADERLETS: dict[str, tuple[str, ...]] = {
    "drizzlepac.haputils": (),
    "drizzlepac.haputils.processing_utils": (),
}


@dataclass(frozen=True)
class Part:
    """Modules of drizzlepac that one task needs.

    Parameters
    ----------
    needed : tuple of str
        Imported at once.
    unused : mapping of str to tuple of str
        Modules that others import for functions which the task does not call, and what they
        import from them.
    bare : tuple of str
        Packages of which only named modules are imported.
    late : tuple of str
        Modules that are loaded when something in them is asked for.
    printed : tuple of str
        Packages of which only the version is asked for, by the task's log; all else as ``late``.
        tweakwcs imports gwcs and asdf, for another 1.5 s.
    """

    needed: tuple[str, ...]
    unused: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _OF_HEADERLETS)
    bare: tuple[str, ...] = (_SKYPAC,)
    late: tuple[str, ...] = ()
    printed: tuple[str, ...] = ("tweakwcs",)


DRIZZLE = Part(
    ("util", "wcs_functions", "imageObject", "processInput", "adrizzle", "staticMask"),
    # ``updatehdr`` wants functions for lists of extensions.
    {**_OF_HEADERLETS, _SKYPAC: (), f"{_SKYPAC}.utils": ("get_ext_list", "ext2str")},
    bare=(),
)
#: The steps between: a median image without cosmic rays, and masks by comparison with it.
REJECTION = replace(
    DRIZZLE,
    needed=(*DRIZZLE.needed, "createMedian", "minmed", "ablot", "drizCR"),
    # What it moves and filters images with, for which it imports scipy.
    unused={**DRIZZLE.unused, f"{_IMAGE}._image": ()},
    late=("scipy.signal",),
)
TWEAKREG = Part(
    ("tweakreg", "catalogs", "imgclasses"),
    # ``tweakutils`` convolves only where it finds stars in another way than TweakReg does, and
    # parses regions only where it is given one.
    late=("scipy.signal", "stregion"),
)
TWEAKBACK = Part(("tweakback", "updatehdr"))


def import_drizzlepac(part: Part) -> ModuleType:
    """The package, with the modules of a part imported and nothing else.

    A drizzlepac that is built otherwise is imported as a whole.

    Returns
    -------
    module
        ``drizzlepac``; its modules are imported as ever.
    """
    settle_configuration()
    if _PACKAGE in sys.modules:
        return sys.modules[_PACKAGE]
    before = set(sys.modules)
    # What is imported stays: a search for garbage in it finds none, and takes a tenth of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _imported(part)
    except (ImportError, AttributeError):
        _forget(set(sys.modules) - before)
        return importlib.import_module(_PACKAGE)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def _imported(part: Part) -> ModuleType:
    package = _bare_package(_PACKAGE)
    version = importlib.import_module(f"{_PACKAGE}.version")
    vars(package)["__version__"] = vars(version)["__version__"]
    _prepare(part)
    for name in part.needed:
        importlib.import_module(f"{_PACKAGE}.{name}")
    return package


def settle_configuration() -> None:
    """Keep what astropy is configured to do with FITS, which it looks up again for every card.

    A card is found by the index that a header has of its keywords, one that is known to be sound
    is not taken apart again, and what is seldom wanted is imported when it is.
    """
    postpone(SELDOM)
    from astropy.io import fits

    settled = {name: getattr(fits.conf, name) for name in fits.conf}
    for name, value in settled.items():
        setattr(type(fits.conf), name, value)
    find_cards_by_index()
    count_on_few_cards()
    copy_headers_whole()
    pass_sound_cards()


def _prepare(part: Part) -> None:
    """Have other packages not imported as a whole."""
    postpone((_SERVICE, *part.late))
    for name in part.bare:
        _bare_package(name)
    for name, functions in part.unused.items():
        _stand_in(name, functions)
    for name in part.printed:
        if name not in sys.modules:
            module = LateModule(name)
            vars(module)["__version__"] = metadata.version(name)
            _put(name, module)


def _bare_package(name: str) -> ModuleType:
    """A package object that finds the modules of a package but has not run its ``__init__``."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"There is no {name} in this environment.")
    package = importlib.util.module_from_spec(spec)
    _put(name, package)
    return package


def _stand_in(name: str, functions: Sequence[str]) -> None:
    """A module with nothing in it but names of functions."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    vars(module).update(dict.fromkeys(functions))
    _put(name, module)


def _put(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        vars(importlib.import_module(parent))[child] = module


def _forget(names: set[str]) -> None:
    """Make place for the real modules."""
    ours = (_PACKAGE, _SKYPAC, _IMAGE)
    for name in names:
        if name.startswith(ours):
            del sys.modules[name]
    for child in ("skypac", "image"):
        vars(importlib.import_module("stsci")).pop(child, None)
