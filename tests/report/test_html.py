from __future__ import annotations

import io
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skydb.errors import UsageError
from skydb.report.html import (
    BlinkBlock,
    Block,
    FigureBlock,
    ProblemList,
    ReportContent,
    Section,
    TableBlock,
    TextBlock,
    VerdictBlock,
    render_html,
    write_report,
)
from skydb.report.style import Theme, new_figure
from skydb.report.tables import Column

HOSTILE = "<script>alert('x')</script>\"_flt.fits"
VOID = {"meta", "img", "input", "source", "link", "br"}


class Page(HTMLParser):
    """The elements of a page, with a check that they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def _png(colour: int = 120) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 6), colour, np.uint8)).save(stream, format="PNG")
    return stream.getvalue()


def _table(rows: list[dict[str, object]] | None = None, **options: str) -> TableBlock:
    columns = [
        Column("path", "file"),
        Column("rms", "rms RA", "mas", ".2f"),
        Column.status(),
        Column.alarm("downgraded"),
    ]
    default = [{"path": HOSTILE, "rms": None, "status": "failed", "downgraded": True}]
    return TableBlock(
        "Fits", "What was fitted.", columns, default if rows is None else rows, **options
    )


def _page(*blocks: Block, title: str = "Report") -> Page:
    return Page(render_html(_content(*blocks, title=title)))


def _content(*blocks: Block, title: str = "Report") -> ReportContent:
    sections = (Section("Summary", blocks), Section("Empty", ()))
    return ReportContent(title, "About it", sections, (("skydb", "0.1.0"), ("database", HOSTILE)))


def _everything() -> tuple[Block, ...]:
    return (
        VerdictBlock(False, ("Two exposures are off.", HOSTILE)),
        TextBlock(f"One.\n\nTwo {HOSTILE}.", "Words"),
        _table(note=HOSTILE),
        FigureBlock(HOSTILE, HOSTILE, _png(), HOSTILE, _png(20)),
        BlinkBlock("Blink", "", _gif(), [("localmin", _png()), (HOSTILE, _png(9))], "Mosaics"),
    )


def _gif() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(stream, format="GIF")
    return stream.getvalue()


def test_a_page_needs_nothing_but_itself() -> None:
    page = _page(*_everything())
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        for name in ("src", "srcset", "href", "action", "data", "poster"):
            if name in attributes:
                assert re.match(r"data:image/(png|gif);base64,|#", attributes[name] or "")
        assert not [name for name in attributes if name.startswith("on")]
    style = render_html(_content()).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_forbids_a_browser_to_fetch_anything() -> None:
    (policy,) = [m for m in _page().all("meta") if "Content-Security-Policy" in m.values()]
    assert "default-src 'none'" in (policy["content"] or "")


def test_whatever_is_data_is_escaped() -> None:
    text = render_html(_content(*_everything(), title=HOSTILE))
    assert "<script" not in text
    page = Page(text)
    assert HOSTILE in page.text
    assert HOSTILE in [image.get("alt") for image in page.all("img")]


def test_every_picture_has_words() -> None:
    assert all((image.get("alt") or "").strip() for image in _page(*_everything()).all("img"))


def test_a_picture_without_words_is_refused() -> None:
    with pytest.raises(UsageError, match="'Sky' has no alternative text"):
        _page(FigureBlock("Sky", "", _png(), "  "))


def test_what_is_not_a_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="neither PNG nor GIF"):
        _page(FigureBlock("Sky", "", b"<svg>", "sky"))


def test_every_table_has_a_caption_and_scoped_headers() -> None:
    page = _page(_table(), _table())
    counts = Counter(tag for tag, _ in page.elements)
    assert counts["table"] == counts["caption"] == 2
    assert {head.get("scope") for head in page.all("th")} == {"col", "row"}


def test_missing_bad_and_boolean_cells_are_told_apart() -> None:
    page = _page(_table())
    cells = [(cell.get("class") or "").split() for cell in page.all("td")]
    assert "missing" in cells[0]
    assert "bad" in cells[1]
    assert "bad" in cells[2]
    assert "\N{EM DASH} failed yes" in page.text


def test_numbers_follow_their_format_and_unit() -> None:
    page = _page(_table([{"path": "a", "rms": 5.126, "status": "applied", "downgraded": False}]))
    assert "rms RA mas" in page.text
    assert "a 5.13 applied no" in page.text


def test_a_table_without_rows_says_so() -> None:
    assert "No rows." in _page(_table([])).text


def test_a_long_table_scrolls_under_its_header_and_is_counted() -> None:
    page = _page(_table([{"path": f"{n}.fits"} for n in range(1000)]))
    assert "1000 rows." in page.text
    (box,) = [d for d in page.all("div") if (d.get("class") or "").startswith("scroll")]
    assert box["class"] == "scroll long"
    assert box["tabindex"] == "0"


def test_identifiers_are_unique_and_links_arrive() -> None:
    sections = tuple(Section("Sky", _everything()) for _ in range(3))
    page = Page(render_html(ReportContent("R", "", sections)))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    pointers = [
        a[name] for _, a in page.elements for name in ("for", "aria-labelledby") if name in a
    ]
    links = [(a.get("href") or "").removeprefix("#") for a in page.all("a")]
    assert set(pointers) | set(links) <= set(ids)


def test_a_section_without_blocks_is_left_out() -> None:
    assert "Empty" not in _page(TextBlock("x")).text


@pytest.mark.parametrize(("passed", "word"), [(True, "Passed"), (False, "Problems found")])
def test_a_verdict_is_a_word_as_well_as_a_colour(passed: bool, word: str) -> None:
    assert word in _page(VerdictBlock(passed, ("Because.",))).text


def test_a_text_is_parted_at_empty_lines() -> None:
    assert TextBlock("a\nb\n\n \nc\n").paragraphs == ["a\nb", "c"]


def test_a_blink_can_be_held_still_and_respects_who_prefers_less_motion() -> None:
    page = _page(*_everything())
    assert len(page.all("input")) == 3
    media = [source.get("media") or "" for source in page.all("source")]
    assert any("prefers-reduced-motion" in one for one in media)
    assert any("prefers-color-scheme: dark" in one for one in media)


def test_a_figure_is_drawn_for_light_and_for_dark_pages() -> None:
    themes: list[str] = []

    def draw(theme: Theme) -> object:
        themes.append(theme.name)
        figure = new_figure(1, 1)
        figure.set_facecolor(theme.page)
        return figure

    block = FigureBlock.drawn("t", "c", "a", draw)  # type: ignore[arg-type]
    assert themes == ["light", "dark"]
    assert block.dark_png
    assert block.dark_png != block.png_or_gif


def test_the_same_content_gives_the_same_page() -> None:
    assert render_html(_content(*_everything())) == render_html(_content(*_everything()))


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    path = write_report(_content(*_everything()), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == render_html(_content(*_everything()))
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_provenance_is_in_the_footer() -> None:
    assert _page(TextBlock("x")).text.endswith(f"Provenance skydb 0.1.0 database {HOSTILE}")


def test_problems_link_to_rows_of_the_page() -> None:
    listed = ProblemList("Not aligned", (("ibxl50clq", "", "row-exposure-ibxl50clq"),))
    rows = [{"rootname": name} for name in ("ibxl50clq", "ibxl50clq", "ibxl51cvq")]
    table = TableBlock(
        "Exposures", "", [Column("rootname")], rows, anchors=("exposure", "rootname")
    )
    page = _page(VerdictBlock(False, ("Two.",), (listed,)), table)
    links = [one["href"] for one in page.all("a") if "row" in (one["href"] or "")]
    assert links == ["#row-exposure-ibxl50clq"]
    # Of two rows of one key the first is linked to: an id stands on a page once.
    assert [row.get("id") for row in page.all("tr")[1:]] == [
        "row-exposure-ibxl50clq", None, "row-exposure-ibxl51cvq",
    ]  # fmt: skip


def test_many_problems_are_folded_and_none_is_left_out() -> None:
    listed = ProblemList("Not aligned", tuple((f"ibxl{n:02}clq", "", "") for n in range(30)))
    page = _page(VerdictBlock(False, ("Thirty.",), (listed,)))
    assert "and 18 more" in page.text and "(30)" in page.text
    assert all(f"ibxl{n:02}clq" in page.text for n in range(30))


def test_every_figure_can_be_enlarged_and_left_again() -> None:
    page = _page(*_everything())
    ids = {a["id"] for _, a in page.elements if "id" in a}
    links = [(a.get("class") or "", a.get("href") or "") for a in page.all("a")]
    opened = [href for name, href in links if "enlarge" in name.split()]
    closed = [href for name, href in links if name == "close"]
    assert len(opened) == 2
    assert opened == [f"{href}-large" for href in closed]
    assert {href.removeprefix("#") for href in (*opened, *closed)} <= ids


def test_a_command_in_a_caption_is_not_folded() -> None:
    page = _page(FigureBlock("Sky", "All by: `skydb align plot 3 --out <DIR>`.", _png(), "sky"))
    assert "All by: skydb align plot 3 --out <DIR>" in page.text
    assert [tag for tag, _ in page.elements if tag == "code"] == ["code"]


def test_headings_leave_out_no_level() -> None:
    levels = [int(tag[1]) for tag, _ in _page(*_everything()).elements if re.match(r"h\d$", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_text_of_the_first_column_can_lead_to_a_section() -> None:
    rows = [{"field": "M 31"}, {"field": "M 33"}]
    table = TableBlock("Fields", "", [Column("field")], rows, links={"M 31": "field-m-31"})
    links = [(a["href"]) for a in _page(table).all("a") if "field" in (a["href"] or "")]
    assert links == ["#field-m-31"]
