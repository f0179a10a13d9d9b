"""The ledger as Python programs and the command line see it."""
