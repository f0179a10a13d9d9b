"""Columns for display of comparisons, timelines and statistics."""

from __future__ import annotations

from skydb.report.tables import Column

SKY_CHANGES = (
    Column("rootname"),
    Column("extver"),
    Column("method"),
    Column("run_a", spare=3),
    Column("run_b", spare=3),
    Column("value_a", spare=5),
    Column("value_b", spare=4),
    Column("difference"),
    Column("difference_relative"),
    Column("replay_of_b", spare=8),
    Column("unit"),
    Column("significance", spare=1),
    Column("changed", spare=6),
    Column("cause", wraps=True, spare=2),
    Column("remark", wraps=True, spare=7),
)
#: The same with the standard deviations, and without what takes room.
SKY_CHANGES_SIGMA = (
    Column("rootname"),
    Column("extver"),
    Column("method"),
    Column("run_a", spare=3),
    Column("run_b", spare=3),
    Column("value_a"),
    Column("sigma_a"),
    Column("value_b"),
    Column("sigma_b"),
    Column("difference", spare=2),
    Column("difference_relative", spare=5),
    Column("difference_sigma", spare=4),
    Column("significance", spare=1),
    Column("changed", spare=6),
    Column("unit"),
)
ALIGNMENT_CHANGES = (
    Column("rootname"),
    Column("version_a", spare=3),
    Column("version_b", spare=3),
    Column("solution_a", spare=4),
    Column("solution_b", spare=4),
    Column("median_mas"),
    Column("max_mas"),
    Column("rotation_deg", spare=2),
    Column("cause", wraps=True, spare=1),
)
TIMELINE_OF_SKIES = (
    Column("at"),
    Column("subject"),
    Column("extver", spare=2),
    Column("method"),
    Column("value"),
    Column("sigma", spare=4),
    Column("unit"),
    Column("zero", spare=5),
    Column("run", spare=1),
    Column("replay_of", spare=7),
    Column.alarm("downgraded", spare=3),
    Column("is_imported", spare=6),
    Column("label", wraps=True, spare=4),
)
TIMELINE_OF_FITS = (
    Column("at"),
    Column("subject"),
    Column("version", spare=3),
    Column("quantity"),
    Column("value"),
    Column("unit"),
    Column("run", spare=1),
    Column.status("status", spare=2),
    Column("is_imported", spare=4),
    Column("label", wraps=True, spare=2),
)
SKY_STATISTICS = (
    Column("key"),
    Column("method"),
    Column("exposures"),
    Column("chips", spare=5),
    Column("median"),
    Column("scatter"),
    Column("least", spare=3),
    Column("greatest", spare=3),
    Column("method_spread", spare=4),
    Column("unit"),
    Column("zero", spare=7),
    Column("runs", spare=6),
    Column("downgraded_runs", spare=2),
    Column("imported_runs", spare=8),
)
