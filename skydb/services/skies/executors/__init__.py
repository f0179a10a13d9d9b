"""Executors of sky runs: processes of this machine, or a cluster."""
