"""Declared and pinned requirements, and the files of a wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from skydb.version import __version__

PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*( ; python_version < \"3\.1[0-9]\")?")


@pytest.fixture(scope="module")
def constraints(repository: Path) -> list[str]:
    lines = (repository / "scripts" / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def pins(constraints: list[str]) -> dict[str, Requirement]:
    requirements = [Requirement(line) for line in constraints]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def test_a_constraint_is_a_name_and_one_version(constraints: list[str]) -> None:
    assert [line for line in constraints if not PIN.fullmatch(line)] == []


def test_constraints_are_sorted_and_name_nothing_twice(constraints: list[str]) -> None:
    names = [line.partition("==")[0] for line in constraints]
    assert names == sorted(set(names))


def test_everything_declared_is_pinned_to_a_version_that_it_allows(
    repository: Path, pins: dict[str, Requirement]
) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *project["dependency-groups"]["test"],
        *project["dependency-groups"]["docs"],
        *project["build-system"]["requires"],
    ]
    for requirement in map(Requirement, declared):
        (pin,) = pins[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(pin.version), requirement


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_no_pinned_package_refuses_a_python_that_skydb_promises(
    python: str, pins: dict[str, Requirement]
) -> None:
    # A pin with a marker is for old Pythons only; one for pip's own use is not installed.
    installed = {canonicalize_name(found.name): found for found in distributions()}
    refusing = [
        str(pin)
        for name, pin in pins.items()
        if name in installed
        and pin.marker is None
        and pin.specifier.contains(installed[name].version)
        and python not in SpecifierSet(installed[name].metadata.get("Requires-Python") or "")
    ]
    assert not refusing


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True, timeout=120)
    (built,) = directory.glob("*.whl")
    return built


@pytest.mark.slow
def test_a_wheel_carries_the_migrations_and_the_mark_of_a_typed_package(
    repository: Path, wheel: Path
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    versions = {path.name for path in (repository / "migrations" / "versions").glob("*.py")}
    assert versions
    assert {f"skydb/_migrations/versions/{name}" for name in versions} <= names
    assert {"skydb/py.typed", "skydb/_migrations/env.py"} <= names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "pattern", "packaged"),
    [("skydb/store/views", "*.sql", ""), ("migrations/seeds", "*.csv", "skydb/_")],
)
def test_a_wheel_carries_the_texts_of_the_views_and_the_rows_of_the_beginning(
    repository: Path, wheel: Path, place: str, pattern: str, packaged: str
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    found = {path.relative_to(repository) for path in (repository / place).rglob(pattern)}
    assert found
    assert {f"{packaged}{path.as_posix()}" for path in found} <= names


@pytest.mark.slow
def test_a_wheel_carries_every_module_and_nothing_else(repository: Path, wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".py", ".pyc"))}
    packaged = {name for name in names if not name.startswith("skydb/_migrations/")}
    modules = (repository / "skydb").rglob("*.py")
    assert packaged == {path.relative_to(repository).as_posix() for path in modules}
    assert not any("__pycache__" in name for name in names)


@pytest.mark.slow
def test_a_wheel_carries_the_manual_page_of_the_command(repository: Path, wheel: Path) -> None:
    page = f"skydb-{__version__}.data/data/share/man/man1/skydb.1"
    carried = zipfile.ZipFile(wheel).read(page)
    assert carried == (repository / "docs" / "man" / "skydb.1").read_bytes()


@pytest.mark.slow
def test_a_database_is_made_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
        "import skydb.store.schema as schema\n"
        "assert schema.upgrade('sqlite:///ledger.sqlite').is_current\n"
        "print(schema.__file__)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert Path(result.stdout.strip()).is_relative_to(unpacked)
    assert (tmp_path / "ledger.sqlite").stat().st_size > 0
