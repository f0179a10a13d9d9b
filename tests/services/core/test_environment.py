from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Environment
from skydb.services.core.environment import (
    PACKAGES,
    describe_environment,
    installed_packages,
    known_faults,
    remember_environment,
)

PINNED = {"spherical_geometry": "1.3.3", "photutils": "2.3.0", "tweakwcs": "0.9.0"}


@pytest.mark.parametrize(
    ("package", "version", "what"),
    [
        ("spherical_geometry", "1.4.0", "'match' becomes 'localmin'"),
        ("spherical_geometry", "2.0", "'match' becomes 'localmin'"),
        ("spherical_geometry", "1.3.5", "swaps x and y"),
        ("photutils", "3.0.0", "breaks drizzlepac's source extraction"),
    ],
)
def test_a_version_that_gives_wrong_answers_is_named_with_its_cure(
    package: str, version: str, what: str
) -> None:
    (fault,) = known_faults({**PINNED, package: version})
    assert fault.startswith(f"{package} {version} ")
    assert what in fault
    assert f"pin {package}" in fault


@pytest.mark.parametrize(
    "packages",
    [
        PINNED,
        {**PINNED, "spherical_geometry": "1.3.0"},
        {**PINNED, "spherical_geometry": "1.3.4"},
        {**PINNED, "photutils": "absent"},
        {},
    ],
)
def test_versions_that_work_have_no_fault(packages: dict[str, str]) -> None:
    assert known_faults(packages) == []


def test_two_faults_are_two_sentences() -> None:
    assert len(known_faults({"spherical_geometry": "1.4.0", "photutils": "3.0"})) == 2


def test_the_environment_here_is_pinned_as_it_must_be() -> None:
    assert known_faults(installed_packages()) == []


def test_every_package_that_can_change_a_result_is_written_down() -> None:
    packages = installed_packages()
    assert set(packages) == set(PACKAGES)
    assert "absent" not in {packages[name] for name in ("drizzlepac", "numpy", "stsci.skypac")}
    assert describe_environment().packages == packages


def test_one_environment_is_remembered_once_whoever_asks(services_anywhere: Services) -> None:
    store = services_anywhere.context.store

    def remember(_: int) -> int:
        with store.writing() as session:
            here = remember_environment(session)
            session.flush()
            session.commit()
            return here.id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(remember, range(8)))) == 1
    with store.reading() as session:
        assert len(session.scalars(select(Environment)).all()) == 1
