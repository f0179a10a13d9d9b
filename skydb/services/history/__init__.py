"""Runs made without skydb, from what they left."""
