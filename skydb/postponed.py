"""Modules that are imported when something in them is asked for.

Packages import whole others of themselves for a function that skydb never calls. Whatever does
ask for something gets it: only the time of the import is another.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: Modules that take time to import and are seldom wanted: astropy.table imports what writes its
#: tables to ASDF files, and scipy, which copies all names of numpy, what compiles Fortran and what
#: tests are written with. Images are moved and filtered without ``scipy.special``. SQLAlchemy
#: imports what looks for plugins, and asyncio, with which nothing here waits.
SELDOM = (
    *("asdf_astropy.io.connect", "numpy.f2py", "numpy.testing", "scipy.special"),
    *("asyncio", "importlib.metadata"),
)

#: Functions that are taken from a late module while others are imported, and seldom called.
_TAKEN = {("asyncio", "iscoroutine")}


class LateModule(ModuleType):
    """A module that is imported when something of it is asked for, and not looked for."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        # Code that looks through all modules asks for such names, and wants nothing of this one.
        # The path is wanted by the import of a module below this one, once this one is there.
        if name.startswith("__") and (name != "__path__" or self.__name__ not in sys.modules):
            raise AttributeError(name)
        if (self.__name__, name) in _TAKEN and sys.modules.get(self.__name__) is self:
            return lambda *arguments: _imported(self, name)(*arguments)
        return _imported(self, name)


def _imported(late: LateModule, name: str) -> Any:  # noqa: ANN401 - whatever the module has
    if sys.modules.get(late.__name__) is late:
        # Another thread may be here, too.
        sys.modules.pop(late.__name__, None)
    return getattr(importlib.import_module(late.__name__), name)


class _Postponing:
    """Gives a late module when a name is imported for the first time.

    It is a finder and a loader without their base classes, which take time to import.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname not in self.names:
            return None
        self.names.discard(fullname)
        return ModuleSpec(fullname, self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it empty."""


def postpone(names: Iterable[str]) -> None:
    """Leave the import of modules for later, unless they are imported already."""
    found = [one for one in sys.meta_path if isinstance(one, _Postponing)]
    finder = found[0] if found else _Postponing()
    if not found:
        sys.meta_path.insert(0, finder)
    finder.names.update(name for name in names if name not in sys.modules)
