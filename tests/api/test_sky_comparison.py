"""Causes of differences in words."""

import pytest

from skydb.api.sky_comparison import _both


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("astrodrizzle", "skydb", "astrodrizzle -> skydb"),
        (None, "localmin", "as asked -> localmin"),
        ("localmin", None, "localmin -> as asked"),
        (
            {"skystat": "median", "recipe": "a"},
            {"skystat": "mode", "recipe": "b"},
            "skystat median -> mode",
        ),
        ({"recipe": "a"}, {"recipe": "b"}, "recipe a -> b"),
    ],
)
def test_both_values_of_a_cause_are_named(one: object, other: object, said: str) -> None:
    assert _both(one, other) == said
