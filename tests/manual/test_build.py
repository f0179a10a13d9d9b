"""The manual is built without a warning; its links lead somewhere, and nothing is fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

#: Attributes that make a browser fetch something before a reader follows a link.
FETCHING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


@dataclass
class Page(HTMLParser):
    """Names of a page, its links, and what a browser fetches for it."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get(FETCHING.get(tag, ""), ""):
            self.fetched.append(given[FETCHING[tag]])


@dataclass(frozen=True)
class Manual:
    """The built manual."""

    root: Path
    pages: dict[Path, Page]
    said: str

    def broken(self) -> Iterator[str]:
        """Links within the manual that lead nowhere."""
        for path, page in self.pages.items():
            for link in page.links:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                name = unquote(parts.fragment)
                is_page = target in self.pages
                if not target.exists() or (name and is_page and name not in self.pages[target].ids):
                    yield f"{path.relative_to(self.root)}: {link}"


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Manual:
    """Built as by scripts/docs, with notebooks as they are."""
    root = tmp_path_factory.mktemp("manual")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-n",
        "--keep-going",
        "-d",
        str(root / "trees"),
    ]
    done = subprocess.run(
        [*command, str(REPOSITORY / "docs"), str(root / "html")],
        check=False,
        env={**os.environ, "SKYDB_NOTEBOOKS": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pages = {}
    for path in (root / "html").resolve().rglob("*.html"):
        page = pages[path] = Page()
        page.feed(path.read_text(encoding="utf-8"))
    found = re.findall(r"^.*(?:WARNING|ERROR|CRITICAL|Error).*$", done.stdout, flags=re.MULTILINE)
    said = "\n".join(found) or ("" if done.returncode == 0 else done.stdout)
    return Manual((root / "html").resolve(), pages, said)


def test_the_manual_is_built_without_a_warning(manual: Manual) -> None:
    assert manual.said == ""


def test_every_page_of_the_documents_is_in_the_manual(manual: Manual) -> None:
    docs = REPOSITORY / "docs"
    pages = {path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")}
    assert pages
    assert pages <= {path.relative_to(manual.root) for path in manual.pages}


def test_every_link_within_the_manual_leads_to_a_page_and_a_heading(manual: Manual) -> None:
    assert sum(len(page.links) for page in manual.pages.values()) > 1000
    assert sorted(set(manual.broken())) == []


def test_no_page_fetches_anything_from_elsewhere(manual: Manual) -> None:
    outside = {
        one
        for page in manual.pages.values()
        for one in page.fetched
        if urlsplit(one).scheme not in ("", "data") or urlsplit(one).netloc
    }
    assert outside == set()


def test_no_style_fetches_anything_from_elsewhere(manual: Manual) -> None:
    styles = list(manual.root.rglob("*.css"))
    assert styles
    pattern = re.compile(r"(?:@import\s+|url\()\s*['\"]?(?:https?:)?//")
    assert [path.name for path in styles if pattern.search(path.read_text("utf-8"))] == []
