"""The Python interface over services that a test has open."""

from __future__ import annotations

from skydb.api.composition import Services
from skydb.api.ledger import Ledger
from skydb.report.pictures import LedgerPictures
from skydb.simulate.tiny import TinyFields


def interface_of(services: Services) -> Ledger:
    """A ledger that uses these services."""
    ledger = Ledger(lambda: services, LedgerPictures(), TinyFields())
    assert ledger.services is services
    return ledger
