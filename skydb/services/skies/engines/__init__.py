"""What computes sky runs: AstroDrizzle, or skydb itself."""
