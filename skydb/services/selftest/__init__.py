"""The self-test of an environment: tiny fields of known truth through the real drizzlepac."""
