"""Findings on what is shown of a lineage, and counts of what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skydb.domain import Activity
from skydb.domain.vocabulary import FindingKind
from skydb.store import provenance_queries as queries
from tests.services.provenance.conftest import Story, remarks_of
from tests.services.tools import MEMBERS


def test_findings_on_all_inputs_and_on_chips_and_pairs_of_an_exposure_are_shown(
    story: Story,
) -> None:
    first, second = MEMBERS[:2]
    with story.services.context.store.writing() as session:
        run = session.get_one(Activity, story.run)
        run.notice(FindingKind.MIXED_KINDS, "inputs", "FLC beside FLT.")
        run.notice(FindingKind.BAD_PIXELS, f"{first}[1]", "5 pixels.")
        run.notice(FindingKind.MIXED_FRAMES, f"{second}-{first}", "90 mas apart.")
        run.notice(FindingKind.BAD_PIXELS, f"{second}[1]", "7 pixels.")
        session.commit()
    said = {(one.kind.value, one.message) for one in remarks_of(story.explain(story.value))}
    assert {
        ("mixed-kinds", "FLC beside FLT."),
        ("bad-pixels", "5 pixels."),
        ("mixed-frames", "90 mas apart."),
    } <= said
    assert ("bad-pixels", "7 pixels.") not in said
    assert [text[:6] for kind, text in said if kind == "more"] == ["1 more"]


def test_counts_stand_in_one_order_whatever_the_database_gives(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reversed_counts(of: Callable[..., dict[Any, int]]) -> Callable[..., dict[Any, int]]:
        return lambda *given: dict(reversed(of(*given).items()))

    before = list(story.explain(f"run:{story.run}").nodes), list(story.explain(MEMBERS[0]).nodes)
    monkeypatch.setattr(queries, "count_usages", reversed_counts(queries.count_usages))
    after = list(story.explain(f"run:{story.run}").nodes), list(story.explain(MEMBERS[0]).nodes)
    assert before == after and sum("others" in name for name in before[1]) > 1
