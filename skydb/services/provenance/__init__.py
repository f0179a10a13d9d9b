"""Where a number comes from: graphs of what is on record, and runs that are run again."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
