"""Commands that people type all day import what they use and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Packages and modules that take time to import, and which questions in SQL can do without.
NUMBERS = {"numpy", "scipy", "pandas", "matplotlib", "pyarrow", "astropy", "drizzlepac", "shapely"}
OTHERS = {"psycopg", "alembic", "pygments", "pydantic", "psutil", "astroquery", "requests", "dask"}
TEMPLATES = {"jinja2"}
THREADS = {"concurrent.futures", "logging", "skydb.threads"}
ENTITIES = {"skydb.domain.base", "skydb.domain.visit", "skydb.domain.sky", "skydb.services.skies"}
OTHER_DATABASE = {"sqlalchemy.dialects.postgresql"}
FORBIDDEN = NUMBERS | OTHERS | TEMPLATES | ENTITIES | OTHER_DATABASE
#: What other commands are made of, and what SQLAlchemy imports for other programs.
OTHER_COMMANDS = {"skydb.cli.sky", "skydb.cli.align", "skydb.api.sky", "skydb.simulate.plan"}
OTHER_PROGRAMS = {"asyncio.events", "ssl", "email.message", "importlib.metadata._meta"}
#: Some 200 modules that astropy and scipy import for what no command does with images.
SELDOM_WANTED = {
    *("asdf", "numpy.f2py.f2py2e", "numpy.testing._private", "scipy.special._ufuncs"),
    *("scipy.spatial", "scipy.stats", "requests", "lxml"),
}

CODE = """
import sys
from skydb.cli.main import run
from skydb.postponed import SELDOM, postpone
postpone(SELDOM)
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def _imported(directory, *words) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        cwd=directory,
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--by", "program", "--json"),
        ("findings",),
        ("runs",),
        ("runs", "--json"),
        ("sql", "SELECT count(*) FROM exposures"),
        ("fsck",),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_question_in_sql_imports_no_entities_and_no_numbers(ledger, words) -> None:
    modules = _imported(ledger.path, *words)
    assert "skydb.api.ledger" in modules
    assert modules & (FORBIDDEN | OTHER_COMMANDS | OTHER_PROGRAMS) == set()


def test_help_imports_no_database_either(tmp_path) -> None:
    modules = _imported(tmp_path, "--help")
    assert modules & (FORBIDDEN | THREADS | {"sqlalchemy", "rich.table"}) == set()


def test_images_and_tables_are_read_without_what_is_seldom_wanted(tmp_path) -> None:
    code = (
        "import sys; from skydb.cli.main import main\n"
        "try: main(['--version'])\n"
        "finally:\n"
        "    import astropy.table, astropy.wcs, scipy.ndimage\n"
        "    import skydb.services.alignment.align\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=300, capture_output=True, text=True,
        cwd=tmp_path,
    )  # fmt: skip
    modules = set(done.stderr.split())
    assert "scipy.ndimage._ndimage_api" in modules
    assert modules & SELDOM_WANTED == set()


def test_an_entity_brings_all_others_with_it_before_it_is_mapped() -> None:
    code = (
        "import sys\n"
        "from skydb.domain import Visit\n"
        "assert 'skydb.domain.preset' not in sys.modules\n"
        "from sqlalchemy.orm import configure_mappers\n"
        "configure_mappers()\n"
        "assert 'skydb.domain.preset' in sys.modules\n"
        "print(len(Visit.exposures.property.mapper.class_.__mapper__.relationships) > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=300, capture_output=True, text=True
    )
    assert done.stdout.strip() == "True"
