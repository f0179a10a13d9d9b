"""What is due, notes and flags, what is kept of runs, and moving a ledger."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
