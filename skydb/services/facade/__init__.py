"""The methods of a ledger, by group: each is a command, each answer a ``QTable``."""
