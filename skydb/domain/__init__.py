"""The domain: entities that are also the tables, value objects, vocabularies.

Names are loaded when they are used: what only asks the database in SQL makes no class of the
forty tables. All entities are there before the first of them is mapped, see
:func:`skydb.domain.base.load_entities`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
