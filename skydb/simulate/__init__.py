"""Exposures whose truth is known: sky level, pointing and every star.

::

    plan -> schedule -> scene, geometry -> render -> exposures -> products (AstroDrizzle)
                 |                                       |
                 +--> truth.json          headers -------+

:func:`~skydb.simulate.field.simulate_field` writes a field,
:class:`~skydb.simulate.truth.FieldTruth` remembers what was put into it and
:mod:`~skydb.simulate.verify` compares a result with it.
"""
