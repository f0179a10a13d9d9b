"""Which columns people see of comparisons, timelines and statistics."""

from __future__ import annotations

from skydb.report.tables import Column

SKY_CHANGES = (
    Column("rootname"),
    Column("extver"),
    Column("method"),
    Column("run_a", "run a"),
    Column("run_b", "run b"),
    Column("value_a", "value a", format=".6f"),
    Column("value_b", "value b", format=".6f"),
    Column("difference", format="+.6f"),
    Column("difference_relative", "relative", format="+.6f"),
    Column("replay_of_b", "replay of"),
    Column("unit"),
    Column("significance", "in sigma", format="+.1f"),
    Column("changed"),
    Column("cause", wraps=True),
    Column("remark", wraps=True),
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
    Column("version_a", "version a"),
    Column("version_b", "version b"),
    Column("solution_a", "solution a"),
    Column("solution_b", "solution b"),
    Column("median_mas", "median", "mas", ".3f"),
    Column("max_mas", "largest", "mas", ".3f"),
    Column("rotation_deg", "rotation", "deg", ".6f"),
    Column("cause", wraps=True),
)
TIMELINE = (
    Column.time("at"),
    Column("quantity"),
    Column("subject"),
    Column("extver"),
    Column("method"),
    Column("value", format=".6f"),
    Column("sigma", format=".2g"),
    Column("unit"),
    Column("zero"),
    Column("run"),
    Column("replay_of", "replay of"),
    Column("version"),
    Column.alarm("downgraded"),
    Column("is_imported", "imported"),
    Column.status(),
    Column("label", wraps=True),
)
SKY_STATISTICS = (
    Column("key"),
    Column("method"),
    Column("exposures"),
    Column("chips"),
    Column("median", format=".6f"),
    Column("scatter", format=".6f"),
    Column("least", format=".6f"),
    Column("greatest", format=".6f"),
    Column("method_spread", "method spread", format=".6f"),
    Column("unit"),
    Column("zero"),
    Column("runs"),
    Column("downgraded_runs", "downgraded"),
    Column("imported_runs", "imported"),
)
