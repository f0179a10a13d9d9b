"""Makes the first migration of an unreleased version from the entities."""
