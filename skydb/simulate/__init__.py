"""Exposures whose truth is known: sky level, pointing and every star.

::

    plan -> schedule -> scene, geometry -> render -> exposures -> products (AstroDrizzle)
                 |                                       |
                 +--> truth.json          headers -------+

:func:`~skydb.simulate.field.simulate_field` writes a field,
:class:`~skydb.simulate.truth.FieldTruth` remembers what was put into it and
:mod:`~skydb.simulate.verify` compares a result with it.

The package can be called: ``skydb.simulate(directory, ...)`` is
:func:`~skydb.simulate.calling.simulate`, and ``skydb.simulate.redeliver(directory, ...)`` is
:func:`~skydb.simulate.calling.redeliver`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that has the name of a function, and is one."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - see simulate
        from skydb.domain.spelling import own_errors
        from skydb.simulate.calling import simulate

        with own_errors(is_for_python=True):
            return simulate(*arguments, **options)

    def redeliver(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - see redeliver
        from skydb.domain.spelling import own_errors
        from skydb.simulate.calling import redeliver

        with own_errors(is_for_python=True):
            return redeliver(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
