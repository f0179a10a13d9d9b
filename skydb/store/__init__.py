"""Where the ledger is kept: engine, schema, transactions, read-only questions."""
