"""skydb's own measurements on the sky, as pure functions: no database, no drizzlepac."""
