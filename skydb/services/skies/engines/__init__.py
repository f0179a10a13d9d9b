"""Engines of sky runs: AstroDrizzle, or skydb itself."""
