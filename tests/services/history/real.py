"""The two real runs of 2019 and the values that were published of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

DATES = ("2019-04-30", "2019-05-15")


def published(test_data: Path, date: str) -> Iterator[dict[str, str]]:
    """Rows of the table of MDRIZSKY, as printed."""
    with (test_data / "horsehead_runs" / "mdrizsky_2019.csv").open() as file:
        yield from (row for row in csv.DictReader(file) if row["run"].startswith(date))
