"""A simulated field in a ledger of its own, for as long as it is measured."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.api.composition import Services
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from skydb.simulate.truth import FieldTruth
from skydb.store.schema import upgrade


@contextmanager
def simulated_ledger(directory: Path, plan: FieldPlan) -> Iterator[tuple[Services, FieldTruth]]:
    """Simulate a field, ingest its exposures, and remove all of it in the end.

    Parameters
    ----------
    directory : Path
        A new one.
    plan : FieldPlan
    """
    directory.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = simulate_field(directory / "field", plan)
    services = new_ledger(directory)
    try:
        services.ingest.ingest(sorted((directory / "field").glob("*_fl[tc].fits")))
        yield services, truth
    finally:
        services.close()
        shutil.rmtree(directory)


def new_ledger(directory: Path) -> Services:
    """A new ledger in a directory."""
    url = f"sqlite:///{directory / 'skydb.sqlite'}"
    upgrade(url)
    return Services.open(url)
