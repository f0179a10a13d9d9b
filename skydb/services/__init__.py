"""Use cases, one room for each subject; a use case owns its transactions."""
