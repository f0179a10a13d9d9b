"""Sky runs: recipe, engines, executors, overlaps and audit."""
