"""Use cases, one package for each subject; a use case owns its transactions."""
