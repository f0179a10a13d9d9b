"""drizzlepac's modules without its package, which imports all that it has for 3 s.

``drizzlepac/__init__.py`` imports TweakReg, the catalogues and the pipelines of the
Hubble Advanced Products, and with them matplotlib, scikit-learn, photutils and asdf.
Drizzling needs none of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

_PACKAGE = "drizzlepac"
_HAP = f"{_PACKAGE}.haputils"
#: ``wcs_functions`` imports it for a function that checks headerlets' names.
_UNUSED = f"{_HAP}.processing_utils"
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
    vars(package)["haputils"] = _empty(_HAP)
    vars(sys.modules[_HAP])["processing_utils"] = _empty(_UNUSED)
    return package


def _empty(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    sys.modules[name] = module
    return module


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
