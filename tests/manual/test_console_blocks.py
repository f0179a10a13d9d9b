"""Every console block of the manual is run, and says what the page shows."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.manual.conftest import WITH_SERVER, Walks
from tests.manual.consoles import DOCS, Console, Shown, missing, origin, renewed, shown
from tests.services.skies.executors.clusters import cluster

pytestmark = pytest.mark.slow

#: `SKYDB_KEEP=1` writes the output into the pages instead of comparing it.
KEEPS = os.environ.get("SKYDB_KEEP") == "1"

#: Pages of which each command also stands, word by word, on a page that is run.
COVERED = {"scaling.md"}
#: `README.md` has a test of its own, tests/endtoend/test_readme_tour.py.
PAGES = {
    path.relative_to(DOCS).as_posix(): list(shown(path.read_text(encoding="utf-8")))
    for path in sorted(DOCS.rglob("*.md"))
}
RUN = [
    page
    for page, commands in PAGES.items()
    if page not in COVERED and not all(one.is_elsewhere for one in commands)
]


def _needs_server(page: str) -> bool:
    before = origin((DOCS / page).read_text(encoding="utf-8"))
    return page in WITH_SERVER or before in WITH_SERVER


def _compare(page: str, said: list[tuple[int, str]]) -> None:
    commands = PAGES[page]
    for one, (code, answer) in zip(commands, said, strict=True):
        assert code in one.exit_codes, f"{page}: {one.command}: exit code {code}\n{answer}"
    path = DOCS / page
    if KEEPS:
        text = path.read_text(encoding="utf-8")
        path.write_text(renewed(text, [answer for _, answer in said]), encoding="utf-8")
        return
    lacking = {
        one.command: lines
        for one, (_, answer) in zip(commands, said, strict=True)
        if (lines := missing(one.output, answer))
    }
    assert lacking == {}, f"SKYDB_KEEP=1 writes {page} anew."


@pytest.mark.parametrize("page", [page for page in RUN if not _needs_server(page)])
def test_the_commands_of_a_page_run_and_say_what_it_shows(page: str, walks: Walks) -> None:
    _compare(page, walks.ended(page).said)


@pytest.mark.parametrize("page", [page for page in RUN if _needs_server(page)])
def test_the_commands_of_a_page_about_servers_run_and_say_what_it_shows(
    page: str, walks: Walks, postgres_url: str, tmp_path: Path
) -> None:
    role = f"visitor_{secrets.token_hex(4)}"
    instead = {
        "postgresql://me@host/skydb": postgres_url,
        "/shared/skydb": str(tmp_path / "shared"),
        " visitor ": f" {role} ",
    }
    if page != "howto/cluster.md":
        _compare(page, walks.walk(page, Console(tmp_path / "here", instead)))
        return
    with cluster(tmp_path) as made:
        made.start_scheduler()
        made.start_worker()
        instead |= {"dask://scheduler:8786": made.address}
        _compare(page, walks.walk(page, Console(tmp_path / "here", instead)))


def test_a_page_that_is_not_run_shows_commands_of_pages_that_are() -> None:
    known = {one.command for page in RUN for one in PAGES[page]}
    for page in COVERED:
        assert PAGES[page]
        others = [one.command for one in PAGES[page] if not one.is_elsewhere]
        assert set(others) <= known, page


def _is_there(one: Shown) -> bool:
    script = one.command.split()[0]
    return not script.startswith("scripts/") or (REPOSITORY / script).exists()


def test_a_script_that_a_page_names_is_there() -> None:
    named = [one for commands in PAGES.values() for one in commands if one.is_elsewhere]
    assert named
    assert [one.command for one in named if not _is_there(one)] == []
