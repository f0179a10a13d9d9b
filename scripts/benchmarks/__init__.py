"""Benchmarks: each module measures one thing as ratios within one run.

``measure(workdir, repeats)`` of a module returns one result or a list of them: dictionaries
with ``name``, ``target``, ``ratio`` (measured over reference, or over what is allowed),
``median_reference_s``, ``median_s``, ``passed``, and whatever else explains them. ``floor_s``
are the seconds, by the same clock as ``median_s``, of what the answer needs at least
(`floors`); ``docs/performance.md`` says what that is for each.
"""
