"""The pages as Chromium shows them: clicked through, by keyboard, on a phone, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.pictures import decoded

PHONE = {"width": 390, "height": 844}
OWN = ("/", "/field/HORSEHEAD", "/visit/bxl50", "/exposure/ibxl50clq", "/runs", "/run/6",
       "/compare?run=6&run=8", "/findings", "/map", "/todo", "/find?q=nothing")  # fmt: skip
TABLES = ("/ledger", "/ledger/v_sky_values", "/ledger/visits/1", "/ledger?sql=SELECT+1+AS+one",
          "/ledger/disk-of-mosaics?proposal_id=12812")  # fmt: skip

#: Faults of a page that a program can see, by the rules of WCAG 2.2 of level AA.
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")

#: Everything that the tabulator must reach, by what it is and where it stands.
REACHABLE = """() => [...document.querySelectorAll(
  "a[href]:not([tabindex='-1']), button, input:not([type=hidden]), select, textarea, summary, " +
  "[tabindex='0']")].filter(e => e.checkVisibility()).length"""
FOCUSED = """() => { const e = document.activeElement;
  if (!e || e === document.body) return null;
  window.reached = window.reached || new Set(); window.reached.add(e);
  const s = getComputedStyle(e);
  return [window.reached.size, s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1]; }"""


class Seen:
    """A page of the browser, and what it complained of and asked for."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.outside.append(request.url)

    def goto(self, path: str) -> Any:
        self.page.goto(f"{self.address}{path}", wait_until="load")
        return self.page


@pytest.fixture
def seen(browser: Any, address: str) -> Iterator[Seen]:
    one = Seen(browser, address, viewport={"width": 1280, "height": 900})
    yield one
    one.context.close()


@pytest.fixture
def on_a_phone(browser: Any, address: str) -> Iterator[Seen]:
    one = Seen(browser, address, viewport=PHONE, color_scheme="dark")
    yield one
    one.context.close()


def complaints(seen: Seen) -> list[str]:
    """What the console has, but for the answer 404 that was asked for."""
    return [text for text in seen.said if "404" not in text]


def test_every_page_is_accessible_and_asks_for_nothing_outside(seen: Seen) -> None:
    for path in (*OWN, *TABLES):
        page = seen.goto(path)
        assert page.evaluate(AUDIT) == [], path
    assert complaints(seen) == [] and seen.outside == []


def test_the_audit_finds_faults(seen: Seen) -> None:
    page = seen.goto("/runs")
    page.evaluate("""() => {
      document.querySelector("#main").insertAdjacentHTML("beforeend",
        "<h4>Faint</h4><a href='/'></a><input><svg></svg><h1>Again</h1>" +
        "<table id='main'><thead><tr><th>x</th></tr></thead></table>");
      document.querySelector("h4").style.color = "#999";
      document.querySelector("#main").append(new Image()); }""")
    found = {fault.partition(":")[0].partition(" 2.")[0] for fault in page.evaluate(AUDIT)}
    assert found == {
        "contrast", "no name", "no label", "no caption", "no scope", "no alternative text",
        "heading skips a level", "not one h1", "an id twice",
    }  # fmt: skip


def test_every_page_fits_a_phone_in_the_dark(on_a_phone: Seen) -> None:
    for path in (*OWN, *TABLES):
        page = on_a_phone.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert page.evaluate(AUDIT) == [], path
    assert complaints(on_a_phone) == [] and on_a_phone.outside == []
    assert decoded(on_a_phone.page.screenshot()).std() > 5


def test_a_comparison_is_clicked_through(seen: Seen) -> None:
    page = seen.goto("/")
    page.get_by_role("link", name="HORSEHEAD").click()
    page.get_by_role("link", name="bxl50", exact=True).first.click()
    page.get_by_role("link", name="ibxl50clq", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "ibxl50clq"
    page.get_by_label("Compare run 6").check()
    page.get_by_label("Compare run 8").check()
    page.get_by_role("button", name="Compare").click()
    assert "Comparison of runs" in page.get_by_role("heading", level=1).inner_text()
    pictures = page.locator(".pictures img")
    assert pictures.count() == 2
    for place in range(2):
        pictures.nth(place).scroll_into_view_if_needed()
        pictures.nth(place).evaluate("image => image.decode()")
        assert pictures.nth(place).evaluate("image => image.naturalWidth") > 99
    boxes = [pictures.nth(place).bounding_box() for place in range(2)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    page.get_by_role("link", name="run 8, match: 248 by 190 pixels").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Run 8: match"
    assert complaints(seen) == [] and seen.outside == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(seen: Seen) -> None:
    for path in ("/", "/exposure/ibxl50clq", "/map", "/ledger/v_sky_values"):
        page = seen.goto(path)
        expected, reached = page.evaluate(REACHABLE), 0
        for _ in range(expected + 2):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break
            reached, has_outline = focused
            assert has_outline, (path, page.evaluate("document.activeElement.outerHTML"))
        assert reached == expected > 10, path


def test_the_first_tab_skips_to_the_page(seen: Seen) -> None:
    page = seen.goto("/runs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_footprint_leads_to_its_exposure(seen: Seen) -> None:
    page = seen.goto("/map")
    page.locator(".map a polygon").last.click()
    assert page.url.startswith(f"{seen.address}/exposure/ibxl5")
    assert page.locator(".map .here").count() == 1


def test_a_table_is_filtered_and_a_facet_is_taken_and_left(seen: Seen) -> None:
    page = seen.goto("/ledger/v_sky_values")
    page.get_by_role("link", name="localmin (4)").click()
    assert "4 rows" in page.locator(".found").inner_text()
    page.get_by_role("link", name="localmin (4)").click()
    assert "8 rows" in page.locator(".found").inner_text()
    page.get_by_label("Column", exact=True).last.select_option("rootname")
    page.get_by_label("Value", exact=True).last.fill("ibxl50clq")
    page.get_by_role("button", name="Filter").click()
    assert "2 rows" in page.locator(".found").inner_text()


def test_a_question_is_asked_with_another_value(seen: Seen) -> None:
    page = seen.goto("/ledger/disk-of-mosaics?proposal_id=12812")
    assert page.locator("tbody tr").count() == 2
    page.get_by_label("proposal_id").fill("1")
    page.get_by_role("button", name="Ask").click()
    assert page.get_by_text("No rows.").is_visible()
