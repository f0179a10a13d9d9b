"""The sdist, the metadata of a release, and drafts that repeat what pyproject.toml says."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from skydb.version import __version__

#: Names that conda-forge gives to packages.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def sdist(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Names in the sdist, and the text of what describes it."""
    directory = tmp_path_factory.mktemp("sdist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(directory)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True, timeout=120)
    (built,) = directory.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        described = archive.extractfile(f"skydb-{__version__}/PKG-INFO")
        assert described is not None
        return dict.fromkeys(names, "") | {"PKG-INFO": described.read().decode()}


@pytest.fixture(scope="module")
def metadata(sdist: dict[str, str]) -> Message:
    return message_from_string(sdist["PKG-INFO"])


@pytest.mark.slow
def test_an_sdist_has_all_that_a_build_needs_and_the_tests(
    repository: Path, sdist: dict[str, str]
) -> None:
    places = ("skydb", "migrations", "tests", "scripts", "docs")
    tracked = subprocess.run(
        ["git", "ls-files", *places], cwd=repository, check=True, capture_output=True, text=True
    )
    wanted = {*tracked.stdout.split("\n"), "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"}
    wanted |= {"alembic.ini", ".ci/run", ".gitignore"}
    quoted = {name for name in wanted if not name or '"' in name}
    assert wanted - quoted - set(sdist) == set()


@pytest.mark.slow
def test_an_sdist_has_nothing_that_a_tool_left(sdist: dict[str, str]) -> None:
    left = re.compile(r"__pycache__|\.pyc$|\.sqlite$|^(build|dist|\.venv)/|\.(mypy|ruff)_cache")
    assert [name for name in sdist if left.search(name)] == []


@pytest.mark.slow
def test_the_metadata_say_whose_it_is_and_what_it_runs_on(
    metadata: Message, project: dict[str, Any]
) -> None:
    assert metadata["Version"] == __version__ == project["version"]
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["License-File"] == "LICENSE"
    assert set(metadata.get_all("Provides-Extra", [])) == {"archive", "browse", "dask", "fast"}
    assert len(metadata.get_all("Project-URL", [])) == len(project["urls"])
    assert str(metadata.get_payload()).startswith("# skydb")


def test_the_classifiers_name_the_pythons_that_are_promised(project: dict[str, Any]) -> None:
    promised = SpecifierSet(project["requires-python"])
    named = [re.fullmatch(r".*:: (3\.\d+)", one) for one in project["classifiers"]]
    versions = {found[1] for found in named if found}
    every = {f"3.{minor}" for minor in range(8, 20)}
    assert versions == {version for version in every if promised.contains(version)}


def test_the_citation_is_of_this_version(repository: Path, project: dict[str, Any]) -> None:
    citation = yaml.safe_load((repository / "docs" / "CITATION.cff").read_text())
    assert str(citation["version"]) == __version__
    assert citation["license"] == project["license"]
    assert [one["name"] for one in citation["authors"]] == [
        one["name"] for one in project["authors"]
    ]


def test_the_changelog_has_a_section_for_this_version(repository: Path) -> None:
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)}\b", text, flags=re.MULTILINE)


def _conda(line: str) -> tuple[str, SpecifierSet]:
    name, _, specifier = line.partition(" ")
    return name, SpecifierSet(specifier)


def _declared(line: str) -> tuple[str, SpecifierSet]:
    requirement = Requirement(line)
    name = requirement.name.lower().replace("_", "-")
    return CONDA_NAMES.get(name, name), requirement.specifier


def test_the_draft_for_conda_wants_what_the_project_wants(
    repository: Path, project: dict[str, Any]
) -> None:
    recipe = yaml.safe_load((repository / "docs" / "conda" / "recipe.yaml").read_text())
    wanted = recipe["requirements"]
    run = dict(map(_conda, wanted["run"]))
    assert run.pop("python") == SpecifierSet(project["requires-python"])
    assert run == dict(map(_declared, project["dependencies"]))
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    assert dict(map(_conda, wanted["run_constraints"])) == dict(map(_declared, extras))
    assert recipe["context"]["version"] == __version__
