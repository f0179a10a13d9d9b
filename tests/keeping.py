"""Numbers that stay what they are until somebody means to change them.

Other tests say what is right within a tolerance. Those that use this say that a change of the
code that is within it does not go unnoticed, to six digits. ``SKYDB_KEEP=1`` writes anew what
is kept; the difference is there to be read before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_DIRECTORY = Path(__file__).with_name("kept")


def assert_kept(name: str, found: Mapping[str, Any], *, rel: float = 1e-6) -> None:
    """Compare with what is kept under a name.

    Parameters
    ----------
    name : str
        Of the file.
    found : mapping
        Numbers, texts, and lists, mappings and values of these.
    rel : float
        Largest relative difference; positions in degrees need a smaller one.
    """
    path = _DIRECTORY / f"{name}.json"
    plain = {key: _plain(value) for key, value in found.items()}
    if os.environ.get("SKYDB_KEEP") == "1":
        rows = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in plain.items())
        path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert plain.keys() == kept.keys()
    for key, value in plain.items():
        _compare(f"{name}: {key}", value, kept[key], rel)


def _compare(place: str, found: Any, kept: Any, rel: float) -> None:
    if isinstance(kept, list):
        assert len(found) == len(kept), place
        for number, (one, other) in enumerate(zip(found, kept, strict=True)):
            _compare(f"{place}[{number}]", one, other, rel)
    elif isinstance(kept, float) and not isinstance(found, bool):
        assert found == pytest.approx(kept, rel=rel, abs=1e-11, nan_ok=True), place
    else:
        assert (found, type(found)) == (kept, type(kept)), place


def _plain(value: Any) -> Any:
    """Numbers, texts, lists and mappings with texts as keys."""
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(one)] for key, one in value.items()]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, float | np.floating):
        return float(f"{value:.12g}")
    return value if value is None or isinstance(value, bool | int) else str(value)
