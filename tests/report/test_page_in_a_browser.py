"""The page of a report as a browser shows it: on a phone, enlarged, and printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdf
import pytest
from PIL import Image

from skydb.report.blink import frame_pngs, gif_bytes
from skydb.report.html import (
    BlinkBlock,
    FigureBlock,
    ProblemList,
    ReportContent,
    Section,
    TableBlock,
    TextBlock,
    VerdictBlock,
    render_html,
)
from skydb.report.residual_figures import draw_residuals
from skydb.report.sky_figures import draw_sky_comparison, sky_comparison
from skydb.report.tables import Column

from . import gallery
from .pictures import decoded

PHONE = (390, 844)
#: What the page's own policy forbids: a script, which here measures and is not in the page.
MEASURE = """<script>addEventListener("load", () => {
  const box = element => { const r = element.getBoundingClientRect();
    return {left: r.left, right: r.right, top: r.top, width: r.width, height: r.height}; };
  const all = query => [...document.querySelectorAll(query)].map(box);
  const shown = document.querySelector("figure:target");
  parent.postMessage(JSON.stringify({
    inner: innerWidth, scroll: document.documentElement.scrollWidth,
    captions: all("figcaption, caption strong, caption span"), images: all("figure img"),
    fetched: performance.getEntriesByType("resource").map(entry => entry.name),
    enlarged: shown && {figure: box(shown), close: box(shown.querySelector(".close")),
      image: box(shown.querySelector("img")), caption: box(shown.querySelector("figcaption")),
      can_focus: shown.querySelector(".close").tabIndex}}), "*");
});</script>"""
#: A window of Chromium is 500 pixels wide or more: the page is in a frame as wide as a phone.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>* {{ margin: 0; border: 0; }}</style>
<script>addEventListener("message", event => {{
  document.documentElement.dataset.measured = event.data; }});</script>
<iframe src="{page}" width="{width}" height="{height}"></iframe>"""
LONG = "ibxl50030_drz.fits and a name that is much longer than the width of any telephone " * 3


@pytest.fixture(scope="module")
def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("No Chromium on this machine.")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every kind of block, its texts and tables wider than a phone."""
    sequence = gallery.blink()
    figures = (
        FigureBlock.drawn(
            "All methods", LONG, "Skies of exposures.",
            lambda theme: draw_sky_comparison(sky_comparison(gallery.skies(18)), theme=theme),
        ),
        FigureBlock.drawn(
            "ibxl50030_drz.fits", "Residuals.", "Residuals of sources.",
            lambda theme: draw_residuals(gallery.residuals(30), theme=theme),
        ),
        BlinkBlock(
            "The methods in turn", LONG, gif_bytes(sequence), list(frame_pngs(sequence)), "Blink."
        ),
    )  # fmt: skip
    columns = [Column("rootname"), *(Column(f"column_{n}", unit="mas") for n in range(12))]
    rows = [
        {"rootname": gallery.rootname_of(n), **{f"column_{m}": 123.456 * m for m in range(12)}}
        for n in range(40)
    ]
    problems = (ProblemList("Not aligned", tuple((f"ibxl{n}clq", LONG, "") for n in range(3))),)
    content = ReportContent(
        "HORSEHEAD-WITH-A-LONG-NAME-THAT-HAS-NO-SPACE-IN-IT", LONG,
        (
            Section("Verdict", (VerdictBlock(False, (LONG, LONG), problems),)),
            Section("Fields", (TableBlock("Fields", LONG, columns, rows),)),
            Section("Sky", (TextBlock(LONG, "Sky"), *figures)),
        ),
        (("database", "sqlite:///" + "a/very/long/path/" * 8),),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(content), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Seen:
    """What a browser has made of a page."""

    measured: Mapping[str, Any]
    console: list[str]
    picture: Path


def run(browser: str, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--hide-scrollbars", "--disable-background-networking", "--enable-logging=stderr",
         f"--user-data-dir={where / 'profile'}", f"--window-size=600,{PHONE[1]}",
         *arguments],
        capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip


def seen(browser: str, page: Path, where: Path, fragment: str = "") -> Seen:
    """Look at a page with a script in it that measures; the page itself allows none."""
    text = page.read_text(encoding="utf-8")
    allowed = text.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';")
    assert allowed != text
    copy, frame, picture = (where / name for name in ("page.html", "frame.html", "screen.png"))
    copy.write_text(allowed.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    width, height = PHONE
    frame.write_text(FRAME.format(page=f"page.html{fragment}", width=width, height=height))
    done = run(
        browser, where, "--dump-dom", f"--screenshot={picture}", "--virtual-time-budget=2000",
        frame.as_uri(),
    )  # fmt: skip
    with Image.open(picture) as image:
        image.crop((0, 0, *PHONE)).save(picture)
    (found,) = re.findall(r'data-measured="([^"]*)"', done.stdout)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Seen(json.loads(found.replace("&quot;", '"')), console, picture)


@pytest.fixture(scope="module")
def on_a_phone(browser: str, page: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return seen(browser, page, tmp_path_factory.mktemp("phone"))


def test_a_page_is_no_wider_than_a_phone(on_a_phone: Seen) -> None:
    assert on_a_phone.measured["inner"] == PHONE[0]
    assert on_a_phone.measured["scroll"] <= PHONE[0]
    assert decoded(on_a_phone.picture.read_bytes()).std() > 5


def test_no_caption_and_no_picture_is_cut_off(on_a_phone: Seen) -> None:
    boxes = [*on_a_phone.measured["captions"], *on_a_phone.measured["images"]]
    shown = [box for box in boxes if box["width"]]
    assert len(shown) >= 8
    assert all(box["left"] >= 0 and box["right"] <= PHONE[0] for box in shown)


def test_a_page_fetches_nothing_and_complains_of_nothing(on_a_phone: Seen) -> None:
    assert all(name.startswith("data:") for name in on_a_phone.measured["fetched"])
    assert on_a_phone.console == []


def test_a_figure_fills_the_screen_when_it_is_followed(
    browser: str, page: Path, on_a_phone: Seen, tmp_path: Path
) -> None:
    (first, *_) = re.findall(r'class="enlarge" href="(#[^"]+)"', page.read_text())
    enlarged = seen(browser, page, tmp_path, first).measured["enlarged"]
    small = max(box["width"] for box in on_a_phone.measured["images"])
    assert (enlarged["figure"]["left"], enlarged["figure"]["width"]) == (0, PHONE[0])
    assert enlarged["figure"]["height"] >= 600
    assert enlarged["image"]["width"] > 2 * small
    # The way back is in sight and can be reached with the tabulator.
    assert 0 < enlarged["close"]["left"] < enlarged["close"]["right"] <= PHONE[0]
    assert enlarged["close"]["top"] >= 0 and enlarged["can_focus"] == 0
    assert enlarged["caption"]["right"] <= PHONE[0]


def drawn_images(sheet: pypdf.PageObject) -> int:
    """How often the sheet places an image."""
    objects = sheet["/Resources"].get("/XObject", {})
    images = {name for name in objects if objects[name]["/Subtype"] == "/Image"}
    placed = re.findall(rb"(/\w+) Do", sheet.get_contents().get_data())
    return sum(name.decode() in images for name in placed)


def test_print_has_every_frame_once_and_not_the_animation(
    browser: str, page: Path, tmp_path: Path
) -> None:
    paper = tmp_path / "report.pdf"
    run(browser, tmp_path, f"--print-to-pdf={paper}", page.as_uri())
    sheets = pypdf.PdfReader(paper).pages
    # The first frame of the animation is equal to a still one: what is drawn is counted.
    assert sum(map(drawn_images, sheets)) == 2 + len(gallery.METHODS)
    text = " ".join(sheet.extract_text() for sheet in sheets)
    assert "The methods in turn" in text
    assert "Close" not in text and "Enlarge" not in text
