"""Everything that ran: what, of what, with which parameters, and what it left."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
