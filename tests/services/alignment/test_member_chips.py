"""Outlines of the chips of members on the pixels of the product that was made of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.chip import ChipSolution
from skydb.domain.values import ChipGeometry
from skydb.services.alignment import member_chips
from skydb.services.alignment.member_chips import member_outlines

SCALE_DEG = 0.04 / 3600
PLANE = (100, 80), (50.0, 40.0), (85.0, 0.0), (-SCALE_DEG, 0.0, 0.0, SCALE_DEG)


def geometry(extver: int, ccdchip: int | None, rows: tuple[float, float]) -> ChipGeometry:
    """Chip that covers columns 20 to 90 and some rows of the product."""
    corners = [(x, y) for x, y in ((20, rows[0]), (90, rows[0]), (90, rows[1]), (20, rows[1]))]
    sky = tuple((85.0 - (x - 50) * SCALE_DEG, (y - 40) * SCALE_DEG) for x, y in corners)
    return ChipGeometry(extver, *PLANE, polygon_deg=sky, ccdchip=ccdchip)


def version(*chips: ChipGeometry, is_drizzled: bool = False) -> Any:
    kind = SimpleNamespace(is_drizzled=is_drizzled)
    solution = SimpleNamespace(chips=[ChipSolution(chip) for chip in chips])
    return SimpleNamespace(product=SimpleNamespace(kind=kind), current_solution=solution)


def outlines_of(monkeypatch: pytest.MonkeyPatch, drizzled: Any, *members: Any) -> list[Any]:
    found = {f"m{number}": [SimpleNamespace(latest=one)] for number, one in enumerate(members)}
    monkeypatch.setattr(member_chips, "member_products", lambda *_: found)
    return list(member_outlines(SimpleNamespace(), drizzled))  # type: ignore[arg-type]


def test_chips_of_members_are_outlined_by_their_ccdchip(monkeypatch: pytest.MonkeyPatch) -> None:
    product = version(ChipGeometry(1, *PLANE), is_drizzled=True)
    full = version(geometry(1, 2, (1, 40)), geometry(2, 1, (42, 80)))
    # A subarray has one extension, of either chip.
    part = version(geometry(1, 1, (50, 70)))
    found = outlines_of(monkeypatch, product, full, part)
    assert [one.number for one in found] == [2, 1, 1]
    assert found[2].polygon_pix == pytest.approx(
        np.array([(20, 50), (90, 50), (90, 70), (20, 70)], dtype=float), abs=1e-3
    )


def test_without_ccdchip_the_extension_is_the_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    product = version(ChipGeometry(1, *PLANE), is_drizzled=True)
    member = version(geometry(1, None, (1, 40)), geometry(2, None, (42, 80)))
    lost = version()
    assert [one.number for one in outlines_of(monkeypatch, product, member, lost)] == [1, 2]
    assert outlines_of(monkeypatch, member, member) == []
