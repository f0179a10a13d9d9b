"""The ledger as pages for a browser: `skydb browse`.

Datasette serves a snapshot of the ledger, read-only and immutable, with pages of skydb's own
beside its tables. What is asked of Datasette is in :mod:`~skydb.browse.application`, which
alone imports it; the pages are functions in :mod:`~skydb.browse.pages` that arrange blocks
(:mod:`~skydb.browse.blocks`), one template sets them.
"""
