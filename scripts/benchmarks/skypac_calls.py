"""Time four calls of skypac's ``skymatch``, and nothing else; meant for a process of its own.

``python -m scripts.benchmarks.skypac_calls DIRECTORY``: seconds of the calls for all methods on
copies of the exposures of a directory, without imports, copies and masks.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path


def main(directory: str) -> None:
    """Print the seconds as JSON."""
    from stsci.skypac import skymatch as module

    from tests.sky.skypac_job import METHODS, skies_of

    skymatch, seconds = module.skymatch, []

    def timed(*arguments: object, **parameters: object) -> None:
        began = time.perf_counter()
        skymatch(*arguments, **parameters)
        seconds.append(time.perf_counter() - began)

    module.skymatch = timed
    exposures = sorted(Path(directory).resolve().glob("*_fl[tc].fits"))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # skypac prints
    for method in METHODS:
        skies_of(method, exposures)
    json.dump(seconds, out)
    out.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1])
