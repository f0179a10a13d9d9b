"""Footprints of a selection, in the WCS in force."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import ProductKind
from skydb.errors import NotFoundError, UsageError
from skydb.report.pages import footprint_picture, footprints_shown
from skydb.store.scope import Scope
from tests.ledgers import interface_of
from tests.services.footprints import Observatory, box, wcs_of

PLACE = (0.001, -2.46)


@pytest.fixture
def observed(services: Services) -> Services:
    """Two exposures of three chips, around RA 0."""
    with services.context.store.writing() as session:
        sky = Observatory(session)
        sky.expose("ibxl50iaq", wcs_of(box(PLACE), box((0.05, -2.46))))
        sky.expose("ibxl51ibq", wcs_of(box(PLACE)), filters="F110W")
        session.commit()
    return services


def _labels(path: Path) -> list[str]:
    return [one["label"] for one in json.loads(path.read_text())["footprints"]]


def test_a_selection_has_the_footprints_of_its_chips(observed: Services, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    done = observed.footprints.export(out)
    assert (done.path, done.rows, done.exposures) == (str(out), 3, 2)
    assert _labels(out) == ["ibxl50iaq[1]", "ibxl50iaq[2]", "ibxl51ibq[1]"]
    observed.footprints.export(out, Scope(filter="f110w"))
    assert _labels(out) == ["ibxl51ibq[1]"]
    now = json.loads(out.read_text())
    observed.footprints.export(out, Scope(filter="f110w", as_of=date(2999, 1, 1)))
    assert json.loads(out.read_text()) == now


def test_what_there_is_no_footprint_of_is_said(observed: Services, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no footprint"):
        observed.footprints.export(tmp_path / "a.reg", kinds=[ProductKind.DRZ])
    with pytest.raises(NotFoundError, match="filters here"):
        observed.footprints.export(tmp_path / "a.reg", Scope(filter="F6*"))
    assert not (tmp_path / "a.reg").exists()


def test_the_same_footprints_are_rows_and_a_map(observed: Services, tmp_path: Path) -> None:
    rows = observed.footprints.rows()
    assert [(row["rootname"], row["extver"]) for row in rows] == [
        ("ibxl50iaq", 1), ("ibxl50iaq", 2), ("ibxl51ibq", 1)
    ]  # fmt: skip
    assert len(observed.footprints.rows(Scope(filter="f110w"))) == 1
    (field,) = footprints_shown(observed).fields
    assert (field.exposures, len(field.outlines)) == (2, 3)
    db = interface_of(observed)
    done = db.export.footprints(tmp_path / "field.png", exposure="ibxl50iaq")
    assert (done["rows"], done.exposures) == (2, 1)
    assert (tmp_path / "field.png").read_bytes().startswith(b"\x89PNG")
    assert db.inspect.footprints()[2].rootname == "ibxl51ibq"
    with pytest.raises(UsageError, match="for a map"):
        db.export.footprints(tmp_path / "field.reg", refcat="gaia")
    with pytest.raises(UsageError, match="not for a map"):
        db.export.footprints(tmp_path / "field.png", kind="drz")
    path = footprint_picture(observed, tmp_path / "new")
    assert path == tmp_path / "new" / "footprints.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_footprints_are_found_by_exact_names_too(observed: Services) -> None:
    by_name = observed.footprints.named(["ibxl50iaq", "ibxl99zzq"])
    selected = observed.footprints.rows(Scope(rootnames=("ibxl50iaq",)))
    for row in (*by_name, *selected):
        row["corners_deg"] = [corners.tolist() for corners in row["corners_deg"]]
    assert by_name == selected and len(by_name) == 2
    assert observed.footprints.named([]) == observed.footprints.named(["ibxl5*"]) == []
