"""Where a number comes from: graphs of what is on record, and runs that are run again."""
