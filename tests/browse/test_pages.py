"""Pages of skydb's own: each shows what the ledger has, and its links lead somewhere."""

from __future__ import annotations

import io
import itertools
import math
import re
from importlib import resources
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skydb.browse.pages.comparison import _parameters, _skies
from tests.browse.asked import Pages

OWN = (
    "/", "/field/HORSEHEAD", "/visit/bxl50", "/exposure/ibxl50clq", "/runs", "/run/1", "/run/2",
    "/run/5", "/run/6", "/run/7", "/run/8", "/compare", "/compare?run=6&run=8", "/findings",
    "/map", "/todo", "/todo?visit=bxl50", "/runs?kind=sky-run&method=match",
)  # fmt: skip


@pytest.mark.parametrize("path", OWN)
def test_a_page_is_whole(get: Pages, path: str) -> None:
    answer = get(path)
    assert answer.status == 200
    assert answer.text.count("<h1") == 1 and "</html>" in answer.text
    assert "<script" not in answer.text and "http://" not in answer.text
    # What was forgotten in a template.
    assert "None" not in answer.words and "Undefined" not in answer.text


def test_every_link_of_every_page_leads_to_a_page(get: Pages) -> None:
    asked, left = set[str](), list(OWN)
    while left:
        path = left.pop()
        if path in asked:
            continue
        asked.add(path)
        answer = get(path)
        assert answer.status == 200, path
        # Datasette's own tables lead to each other without an end.
        if not path.startswith("/ledger/"):
            left += answer.links
    assert {"/style.css", "/exposure/ibxl51d0q", "/visit/bxl51", "/run/3", "/ledger"} <= asked
    assert len(asked) > 80


def test_the_first_page_has_the_status_of_the_ledger(get: Pages) -> None:
    page = get("/")
    status = page.part("status")
    assert "4 exposures" in status and "2 visits" in status and "8 runs" in status
    assert "mixed-frames 3" in status
    # Exposures of the program: four, none aligned, all matched, none downgraded.
    assert "bxl 12812 2 4 0 0 4 0 0 0" in status
    assert "HORSEHEAD 2 4" in page.part("fields")
    assert "IR F160W 4" in page.part("fields")


def test_a_field_has_its_visits_runs_and_map(get: Pages) -> None:
    page = get("/field/HORSEHEAD")
    assert "bxl50" in page.part("visits") and "bxl51" in page.part("visits")
    assert "localmin" in page.part("sky-runs") and "match" in page.part("sky-runs")
    assert page.text.count("<polygon") == 4
    assert {"/exposure/ibxl50clq", "/visit/bxl50", "/run/8"} <= set(page.links)


def test_a_visit_has_its_exposures_products_and_what_is_due(get: Pages) -> None:
    page = get("/visit/bxl50")
    assert "ibxl50clq IR F160W" in page.part("exposures")
    assert "ibxl51d0q" not in page.part("exposures")
    assert "ibxl50030_drz.fits" in page.part("products")
    assert "skydb align accept 5" in page.part("to-do")
    assert get("/visit/BXL50").status == 200


def test_an_exposure_has_its_whole_history(get: Pages) -> None:
    page = get("/exposure/ibxl50clq")
    assert "ibxl50clq_flt.fits 1 in use flt pipeline" in page.part("files-and-archive-versions")
    solutions = page.part("wcs-solutions")
    assert "OPUS" in solutions and solutions.count("in use") == 1
    assert "2 in use ibxl50clq_flt.fits 1 IDC_w3m18525i-GSC240" in solutions
    skies = page.part("skies")
    assert "8 in use 1 match match no 0.000000" in skies
    assert "6 in use 1 localmin localmin no 1.32" in skies
    assert "sky-run succeeded" in page.part("runs") and "ingest" in page.part("runs")
    assert page.text.count("<polygon") == 2 and page.text.count(" here") == 1


def test_findings_and_notes_of_an_exposure_are_on_its_page(get: Pages) -> None:
    page = get("/run/6")
    assert "mixed-frames" in page.part("findings")
    assert "This environment was not checked" in page.part("findings")


def test_a_run_has_parameters_inputs_values_and_its_mosaic(get: Pages) -> None:
    page = get("/run/6")
    assert "Run 6: localmin" in page.words
    assert "ibxl50clq 1 1.32" in page.part("skies")
    assert "ibxl50clq ibxl50clq_flt.fits 1 pipeline science" in page.part("inputs-and-outputs")
    assert 'src="/mosaic/6.png?run=6"' in page.text
    assert 'alt="Mosaic of run 6, localmin,' in page.text
    assert "catalog" in get("/run/5").words


def test_runs_are_compared_side_by_side(get: Pages) -> None:
    page = get("/compare?run=6&run=8")
    skies = page.part("skies")
    assert "localmin, run 6" in skies and "match, run 8" in skies and "run 8 - run 6" in skies
    assert "ibxl50clq 1 electron/s 1.324" in skies
    assert page.text.count("<figure>") == 2
    assert "One asinh stretch for all" in page.part("mosaics")
    assert "Choose two to six sky runs" in get("/compare?run=6").words
    assert get("/compare?run=6&run=5").status == 404


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=float)


def test_mosaics_that_are_compared_share_one_stretch(get: Pages) -> None:
    alone = picture(get("/mosaic/8.png").content)
    faint, bright = (picture(get(f"/mosaic/{run}.png?run=6&run=8").content) for run in (6, 8))
    assert faint.shape == bright.shape
    # Twice the signal: on the same stretch it is brighter, alone it would look the same.
    stars = bright > np.percentile(bright, 90)
    assert bright[stars].mean() > faint[stars].mean() + 5
    assert np.abs(alone - picture(get("/mosaic/6.png").content)).mean() < 1.0


def test_the_lists_can_be_restricted(get: Pages) -> None:
    assert "ingest" not in get("/runs?kind=sky-run").part("runs")
    assert get("/runs?kind=sky-run&before=8").part("runs").count("sky-run") == 1
    assert "environment" not in get("/findings?kind=mixed-frames").part("findings")
    assert "Nothing of this kind ran" in get("/runs?kind=drizzle").words


@pytest.mark.parametrize(
    ("asked", "found"),
    [("ibxl50clq", "/exposure/ibxl50clq"), ("IBXL50CLQ_flt.fits", "/exposure/ibxl50clq"),
     ("bxl51", "/visit/bxl51"), ("run 6", "/run/6"), ("run:6", "/run/6"), ("6", "/run/6"),
     ("horse", "/field/HORSEHEAD")],
)  # fmt: skip
def test_things_are_found_by_their_names(get: Pages, asked: str, found: str) -> None:
    answer = get(f"/find?q={asked}")
    assert (answer.status, answer.headers["location"]) == (302, found)


def test_what_is_not_there_has_a_page_that_says_so(get: Pages) -> None:
    for path in (
        "/exposure/ibxl99zzq", "/exposure/a%2Fb", "/visit/bxl99", "/visit/x", "/run/99",
        "/run/x", "/run/" + "9" * 40, "/field/NOWHERE", "/field", "/mosaic/7.png", "/nothing",
        "/find?q=nothing", "/todo?visit=zzz99", "/compare?run=99&run=98", "/ledger/none",
        "/ledger/exposures/99", "/-/patterns", "/-/logout",
    ):  # fmt: skip
        answer = get(path)
        assert answer.status == 404, path
        assert 'class="skip"' in answer.text and "Not found" in answer.words, path


def test_the_foot_says_when_the_snapshot_was_taken(get: Pages) -> None:
    page = get("/runs")
    assert "UTC" in page.words and "skydb.sqlite" in page.words


def test_a_run_that_is_compared_keeps_its_column_without_a_value() -> None:
    given = {6: [{"name": "preset", "value": "tutorial"}], 8: []}
    runs = SimpleNamespace(parameters=given.__getitem__)
    here: Any = SimpleNamespace(services=SimpleNamespace(runs=runs))
    differing = _parameters(here, [6, 8])
    assert [column.name for column, _ in differing.heads] == ["name", "run_6", "run_8"]
    chips: Any = {("ibxl50clq", 1): {6: {"unit": "electron", "mdrizsky": 1.0}}}
    skies = _skies([6, 8], [{"method": "match", "run_id": n} for n in (6, 8)], chips)
    assert {"sky_6", "sky_8"} <= {column.name for column, _ in skies.heads}


def test_colours_of_visits_are_told_apart_on_light_and_dark() -> None:
    style = resources.files("skydb.browse").joinpath("static", "browse.css").read_text("utf-8")
    found = re.findall(r"\.c(\d) \{ --look: #(\w{6})", style)
    assert [place for place, _ in found] == [*"012345"] * 2
    for looks in (found[:6], found[6:]):
        seen = [[int(look[at : at + 2], 16) for at in (0, 2, 4)] for _, look in looks]
        apart = [math.dist(one, other) for one, other in itertools.combinations(seen, 2)]
        assert min(apart) > 60
