"""Tables to files: csv, ecsv, VOTable and parquet, in parts, so that no table is too long."""
