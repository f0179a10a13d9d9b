"""The pages: each a function of the snapshot and of words of the address, which gives blocks."""
