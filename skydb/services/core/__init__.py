"""What every use case stands on: one transaction to begin, one to end, progress, environment."""
