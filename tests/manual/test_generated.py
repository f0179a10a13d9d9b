"""Pages and pictures that are written from the program say what the program says."""

from __future__ import annotations

from scripts import command_pages, schema_page
from scripts.schema_picture import COLUMNS, picture
from skydb.domain import Base


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
