"""Inputs of a tool have names that it can take, no two the same."""

from __future__ import annotations

import pytest

from skydb.services.core import named_apart

PLAIN = {"a": "ibxl50clq_flt.fits", "b": "ibxl50cqq_flt.fits"}


@pytest.mark.parametrize(
    "names",
    [
        ("ibxl50clq_flt.fits.gz", "ibxl50cqq_flt.fits"),
        ("ibxl50clq_flt (1).fits", "ibxl50cqq_flt.fits"),
        ("one/final_flt.fits", "two/final_flt.fits"),
    ],
)
def test_inputs_that_a_tool_would_misread_are_reached_by_plain_names(tmp_path, names):
    paths = {key: tmp_path / name for key, name in zip("ab", names, strict=True)}
    for key, path in paths.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(key.encode())
    made = named_apart(paths, PLAIN, tmp_path / "inputs")
    assert {key: path.name for key, path in made.items()} == PLAIN
    assert {key: path.read_bytes() for key, path in made.items()} == {"a": b"a", "b": b"b"}


def test_inputs_that_a_tool_can_take_stay_where_they_are(tmp_path):
    paths = {key: tmp_path / name for key, name in PLAIN.items()}
    for path in paths.values():
        path.write_bytes(b"x")
    assert named_apart(paths, PLAIN, tmp_path / "inputs") == paths
    assert not (tmp_path / "inputs").exists()
