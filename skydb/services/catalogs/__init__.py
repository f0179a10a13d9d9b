"""Reference catalogues: queries, imports, their epochs."""
