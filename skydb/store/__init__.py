"""Storage of the ledger: engine, schema, transactions, read-only queries."""
