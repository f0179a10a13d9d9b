from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from skydb.domain.overlap import ChipKey
from skydb.domain.vocabulary import Engine, SkyMethod
from skydb.report.audit_figures import audit_picture, draw_audit, write_audit_picture
from skydb.report.style import DARK, LIGHT, Theme, png_bytes
from skydb.services.skies.audit import Audit, RunScore
from skydb.sky.residuals import Residual
from tests.report.pictures import decoded, share_of


def _square(ra_deg: float, dec_deg: float = -2.46) -> np.ndarray:
    step = 0.01
    corners = np.array([(0, 0), (step, 0), (step, step), (0, step)])
    return np.array([ra_deg % 360.0, dec_deg]) + corners


def _residual(a: str, b: str, after: float | None, island: int = 1) -> Residual:
    return Residual(a, b, 100.0, 0.3, after, 0.01, "electron/s", island)


def _score(run: int, method: SkyMethod, rms: float | None) -> RunScore:
    return RunScore(run, Engine.SKYDB, method, False, rms, rms, 3, "electron/s")


def _audit(**changed: object) -> Audit:
    best = _score(1, SkyMethod.MATCH, 0.003)
    outlines: dict[ChipKey, np.ndarray] = {
        (name, 1): _square(359.998 + 0.004 * place) for place, name in enumerate("abc")
    } | {("p", 1): _square(0.2), ("q", 1): _square(0.204)}
    facts = {
        "run": best,
        "residuals": (
            _residual("a", "b", 0.02),
            _residual("b", "c", -0.05),
            _residual("a", "c", None),
            _residual("p", "q", 0.01, 2),
        ),
        "islands": (("a", "b", "c"), ("p", "q")),
        "ranking": (best, _score(2, SkyMethod.GLOBALMIN, 0.3)),
        "outlines": outlines,
    } | changed
    return Audit(**facts)


def test_the_matrix_is_that_of_the_pairs_and_turns_its_sign() -> None:
    data = audit_picture(_audit())
    grid = data.matrix()
    assert data.names == ("a", "b", "c", "p", "q")
    assert (grid[0, 1], grid[1, 0]) == (0.02, -0.02)
    assert np.isnan(grid[0, 2]) and np.isnan(grid[0, 3]) and np.isnan(grid[0, 0])
    assert data.limit == 0.05


def test_exposures_stand_where_they_are_also_across_ra_zero() -> None:
    middles = audit_picture(_audit()).middles()
    steps = np.diff(middles[:3, 0])
    np.testing.assert_allclose(steps, 0.004 * 3600, rtol=0.01)


def test_the_ranking_begins_with_what_was_observed() -> None:
    scores = audit_picture(_audit()).scores
    assert [score.method for score in scores] == [None, SkyMethod.MATCH, SkyMethod.GLOBALMIN]
    assert scores[0].rms == pytest.approx(0.3)
    assert [score.is_audited for score in scores] == [False, True, False]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_picture_shows_residuals_on_its_page(theme: Theme) -> None:
    pixels = decoded(png_bytes(draw_audit(audit_picture(_audit()), title="Run 1", theme=theme)))
    assert share_of(pixels, theme.page) > 0.4
    assert share_of(pixels, theme.accent) > 0.0005
    assert share_of(pixels, theme.methods[SkyMethod.MATCH]) > 0.0001


@pytest.mark.parametrize(
    "changed",
    [
        {"residuals": ()},
        {"outlines": {}},
        {"ranking": (_score(1, SkyMethod.MATCH, None),)},
        {"outlines": {("a", 1): _square(0.0), ("b", 1): _square(180.0, 2.4)}},
    ],
    ids=["no pairs", "no footprints", "no rms", "other side of the sky"],
)
def test_nothing_to_show_is_said_and_not_drawn(changed: dict) -> None:
    pixels = decoded(png_bytes(draw_audit(audit_picture(_audit(**changed)))))
    assert pixels.shape[2] == 3


def test_many_exposures_are_counted_instead_of_named() -> None:
    names = tuple(f"i{number:03d}" for number in range(60))
    pairs = tuple(_residual(a, b, 0.01) for a, b in pairwise(names))
    audit = _audit(islands=(names,), residuals=pairs, outlines={})
    figure = draw_audit(audit_picture(audit))
    assert any("60 exposures" in axes.get_xlabel() for axes in figure.axes)


def test_the_file_is_named_after_the_run(tmp_path) -> None:
    path = write_audit_picture(_audit(), tmp_path / "new")
    assert path == tmp_path / "new" / "audit_run1.png"
    assert path.read_bytes() == write_audit_picture(_audit(), tmp_path / "again").read_bytes()
