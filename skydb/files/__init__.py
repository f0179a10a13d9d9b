"""Bytes to domain values: FITS headers, text files, catalogues, workspaces; no database."""
