"""What the ledger says against what there is: found, and put right when asked to."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
