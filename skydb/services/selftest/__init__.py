"""The self-test of an environment: tiny fields of known truth through the real drizzlepac."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
