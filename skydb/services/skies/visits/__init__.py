"""Visit-level products made by skydb: what is to be made, how, and what is kept of it."""
