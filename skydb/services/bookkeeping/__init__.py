"""Due work, notes and flags, retention of runs, and copies of a ledger."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
