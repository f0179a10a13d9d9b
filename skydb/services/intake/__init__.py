"""Files into the ledger, and the choice of those that a run uses."""
