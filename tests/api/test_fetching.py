"""Words of a fetch: query and settings, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import skydb
from skydb.api.fetching import _asked
from skydb.errors import UsageError
from skydb.services.intake import FetchSettings


def test_words_go_to_the_query_or_to_the_settings() -> None:
    query, settings = _asked({"obs_id": "ibxl50ivq", "jobs": 2, "dest": "here", "refresh": True})
    assert query.obs_ids == ("ibxl50ivq",)
    assert (query.products, query.project) == (("FLT", "DRZ"), "CALWF3")
    assert settings == FetchSettings(dest=Path("here"), jobs=2, refresh=True)
    assert _asked({"proposal": 12812})[1] == FetchSettings()


def test_all_means_any_product_of_any_project() -> None:
    query, _ = _asked({"obs_id": ["i*", "j*"], "products": "all", "project": "all"})
    assert (query.obs_ids, query.products, query.project) == (("i*", "j*"), (), None)
    assert _asked({"obs_id": "i*", "products": ["flc", "drc"]})[0].products == ("FLC", "DRC")


def test_a_word_that_there_is_not_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no option 'obsid'") as caught:
        skydb.lazy_ledger("sqlite:////nowhere.sqlite").fetch.plan(obsid="i*")  # type: ignore[call-arg]
    assert "obs_id" in (caught.value.advice or "")
