"""Expected results of the import of other people's logs, and errors of these facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: Runs of which ``expected.json`` says that no header was written, by directory and start.
#: Their logs print ``updatehdr : True`` for the images, "Updating WCSCORR table with new WCS
#: solution" and WCSNAME for each. ``updatehdr : False`` is printed after it for the reference
#: image, which TweakReg never writes.
WRITTEN_ALL_THE_SAME = {
    ("align_to_catalogs_2019-04", "2019-04-30 14:21:57"),
    ("notebook_outputs", "2019-04-30 14:21:57"),
}


def expected(test_data: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Facts of each directory of logs, by task."""
    facts = json.loads((test_data / "logs" / "expected.json").read_text())
    return {name: runs for name, runs in facts.items() if not name.startswith("_")}
