"""Remote archives and catalogue services: the only importer of astroquery."""
