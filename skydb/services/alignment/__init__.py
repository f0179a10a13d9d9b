"""Fits, their acceptance, and the ledger of every WCS."""
