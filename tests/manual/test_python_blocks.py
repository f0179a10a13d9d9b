"""Python on pages of the manual runs, in the ledger that a page of commands has made."""

from __future__ import annotations

import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.manual.conftest import Walks

pytestmark = pytest.mark.slow


def _blocks(page: str) -> list[str]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("page", "printed"),
    [("README.md", "ibxl50030_drz.fits"), ("docs/reference/entities.md", "ibxl50clq")],
)
def test_a_block_of_python_runs(
    page: str, printed: str, walks: Walks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    shutil.copytree(walks.ended("howto/three-visits.md").directory, here)
    blocks = _blocks(page)
    assert blocks
    with chdir(here):
        for block in blocks:
            exec(compile(block, page, "exec"), {})
    assert printed in capsys.readouterr().out


def test_no_other_page_has_python() -> None:
    docs = REPOSITORY / "docs"
    pages = {path.relative_to(docs).as_posix(): path for path in docs.rglob("*.md")}
    having = {page for page, path in pages.items() if "```python" in path.read_text("utf-8")}
    # The site of browse waits until it is stopped; it has tests of its own.
    assert having == {"reference/entities.md", "browse.md"}
