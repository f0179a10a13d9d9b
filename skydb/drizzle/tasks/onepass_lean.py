"""drizzlepac's modules without its package, which imports all that it has for 3 s.

``drizzlepac/__init__.py`` imports TweakReg, the catalogues and the pipelines of the
Hubble Advanced Products, and with them matplotlib, scikit-learn, photutils and asdf.
Drizzling needs none of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_PACKAGE = "drizzlepac"
#: Modules that others import for functions which no drizzling calls, and what they import
#: from them: ``wcs_functions`` for headerlets, ``updatehdr`` for lists of extensions.
_UNUSED = {
    "drizzlepac.haputils": (),
    "drizzlepac.haputils.processing_utils": (),
    "stsci.skypac": (),
    "stsci.skypac.utils": ("get_ext_list", "ext2str"),
}
_NEEDED = ("util", "wcs_functions", "imageObject", "processInput", "adrizzle", "staticMask")


def import_drizzlepac() -> ModuleType:
    """The package, with the modules that drizzle imported and nothing else.

    A drizzlepac that is built otherwise is imported as a whole.

    Returns
    -------
    module
        ``drizzlepac``; its modules are imported as ever.
    """
    if _PACKAGE in sys.modules:
        return sys.modules[_PACKAGE]
    try:
        package = _bare_package()
        for name in _NEEDED:
            importlib.import_module(f"{_PACKAGE}.{name}")
    except (ImportError, AttributeError):
        _forget()
        return importlib.import_module(_PACKAGE)
    return package


def _bare_package() -> ModuleType:
    """A package object that finds drizzlepac's modules but has not run its ``__init__``."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"There is no {_PACKAGE} in this environment.")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    version = importlib.import_module(f"{_PACKAGE}.version")
    vars(package)["__version__"] = vars(version)["__version__"]
    for name, functions in _UNUSED.items():
        _stand_in(name, functions)
    return package


def _stand_in(name: str, functions: Sequence[str]) -> None:
    """A module with nothing in it but names of functions."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    vars(module).update(dict.fromkeys(functions))
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    vars(importlib.import_module(parent))[child] = module


def _forget() -> None:
    """Make place for the real modules."""
    for name in list(sys.modules):
        if name in _UNUSED or name.partition(".")[0] == _PACKAGE:
            del sys.modules[name]
    vars(importlib.import_module("stsci")).pop("skypac", None)
