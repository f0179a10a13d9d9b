"""What every use case stands on: one transaction to begin, one to end, progress, environment."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
