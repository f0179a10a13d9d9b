"""Columns for display of comparisons, timelines and statistics."""

from __future__ import annotations

from skydb.report.tables import Column

SKY_CHANGES = (
    Column("rootname"),
    Column("extver"),
    Column("method"),
    Column("run_a", "run a", spare=1),
    Column("run_b", "run b", spare=1),
    Column("value_a", "value a", format=".6f"),
    Column("value_b", "value b", format=".6f"),
    Column("difference", format="+.6f"),
    Column("difference_relative", "relative", format="+.6f", spare=4),
    Column("replay_of_b", "replay of", spare=7),
    Column("unit", spare=5),
    Column("significance", "in sigma", format="+.1f", spare=2),
    Column("changed", spare=3),
    Column("cause", wraps=True, spare=1),
    Column("remark", wraps=True, spare=6),
)
#: The same with the standard deviations, and without what takes room.
SKY_CHANGES_SIGMA = (
    Column("rootname"),
    Column("extver"),
    Column("method"),
    Column("run_a", "run a"),
    Column("run_b", "run b"),
    Column("value_a", "value a", format=".6f"),
    Column("sigma_a", "sigma", format=".2g"),
    Column("value_b", "value b", format=".6f"),
    Column("sigma_b", "sigma", format=".2g"),
    Column("difference", format="+.6f"),
    Column("difference_sigma", "its sigma", format=".2g"),
    Column("significance", "in sigma", format="+.1f"),
    Column("changed"),
    Column("unit"),
)
ALIGNMENT_CHANGES = (
    Column("rootname"),
    Column("version_a", "version a", spare=3),
    Column("version_b", "version b", spare=3),
    Column("solution_a", "solution a", spare=4),
    Column("solution_b", "solution b", spare=4),
    Column("median_mas", "median", "mas", ".3f"),
    Column("max_mas", "largest", "mas", ".3f"),
    Column("rotation_deg", "rotation", "deg", ".6f", spare=2),
    Column("cause", wraps=True, spare=1),
)
TIMELINE = (
    Column.time("at"),
    Column("quantity"),
    Column("subject"),
    Column("extver", spare=2),
    Column("method"),
    Column("value", format=".6f"),
    Column("sigma", format=".2g", spare=3),
    Column("unit", spare=3),
    Column("zero", spare=6),
    Column("run", spare=1),
    Column("replay_of", "replay of", spare=9),
    Column("version", spare=7),
    Column.alarm("downgraded", spare=2),
    Column("is_imported", "imported", spare=8),
    Column.status("status", spare=4),
    Column("label", wraps=True, spare=5),
)
SKY_STATISTICS = (
    Column("key"),
    Column("method"),
    Column("exposures"),
    Column("chips", spare=5),
    Column("median", format=".6f"),
    Column("scatter", format=".6f"),
    Column("least", format=".6f", spare=3),
    Column("greatest", format=".6f", spare=3),
    Column("method_spread", "method spread", format=".6f", spare=4),
    Column("unit", spare=1),
    Column("zero", spare=7),
    Column("runs", spare=6),
    Column("downgraded_runs", "downgraded", spare=2),
    Column("imported_runs", "imported", spare=8),
)
