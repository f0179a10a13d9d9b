"""Use cases: one class each, which owns its transactions."""
