"""Comparison across runs, dates and reprocessings: what changed, by how much, and why."""
