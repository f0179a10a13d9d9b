"""TweakReg, TweakBack and AstroDrizzle, each in a subprocess with its own scratch directory."""
