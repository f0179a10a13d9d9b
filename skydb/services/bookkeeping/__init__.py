"""What is due, notes and flags, what is kept of runs, and moving a ledger."""
