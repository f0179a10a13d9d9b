"""Pages and pictures that are written from the program say what the program says."""

from __future__ import annotations

import importlib
import pkgutil
import re

import skydb.api
import skydb.domain
from scripts import command_pages, schema_page
from scripts.schema_picture import COLUMNS, picture
from skydb.api.results import Result
from skydb.domain import Base, vocabulary
from tests.conftest import REPOSITORY


def test_the_page_of_commands_is_up_to_date() -> None:
    advice = "Run `python -m scripts.command_pages`."
    assert command_pages.REFERENCE.read_text(encoding="utf-8") == command_pages.reference(), advice
    assert command_pages.MAN.read_text(encoding="utf-8") == command_pages.manual(), advice


def test_every_command_that_is_not_hidden_has_a_section_with_an_example() -> None:
    described = list(command_pages.commands())
    assert len(described) > 70
    assert [one.name for one in described[1:] if not one.example] == []


def test_the_manual_page_has_a_line_for_each_macro_that_it_uses() -> None:
    lines = command_pages.manual().splitlines()
    macros = {line.split()[0] for line in lines if line.startswith(".")}
    assert macros <= {".TH", ".SH", ".SS", ".TP", ".B", ".PP", ".ad", ".nh"}
    assert lines[0].startswith(".TH SKYDB 1")


def test_the_page_of_the_schema_is_up_to_date() -> None:
    advice = "Run `python -m scripts.schema_page`."
    assert schema_page.DOCUMENT.read_text(encoding="utf-8") == schema_page.page(), advice
    drawn = picture(schema_page.tables())
    assert schema_page.PICTURE.read_text(encoding="utf-8") == drawn, advice


def test_the_picture_has_every_table_once_and_a_line_for_each_foreign_key() -> None:
    drawn = picture(schema_page.tables())
    for name, table in Base.metadata.tables.items():
        assert drawn.count(f'font-weight="bold">{name}</text>') >= 1
        assert len(table.columns) > 0
    keys = sum(len(table.foreign_keys) for table in Base.metadata.tables.values())
    assert drawn.count("<path ") == keys
    assert {name for column in COLUMNS for name in column} <= set(Base.metadata.tables)


def _in_the_reference() -> set[str]:
    pages = (REPOSITORY / "docs" / "reference").glob("*.md")
    texts = "".join(page.read_text(encoding="utf-8") for page in pages)
    return set(re.findall(r"^\.\. auto(?:class|function):: \S*?(\w+)$", texts, flags=re.MULTILINE))


def _results(kind: type[Result]) -> set[str]:
    return {kind.__name__}.union(*map(_results, kind.__subclasses__()))


def test_every_result_entity_and_vocabulary_is_in_the_reference() -> None:
    for module in pkgutil.iter_modules(skydb.api.__path__, "skydb.api."):
        importlib.import_module(module.name)
    words = {name for name, kind in vars(vocabulary).items() if isinstance(kind, type)}
    own = {name for name in words if getattr(vocabulary, name).__module__ == vocabulary.__name__}
    wanted = _results(Result) | set(skydb.domain.__all__) | own
    assert len(wanted) > 80
    assert wanted - _in_the_reference() == set()
