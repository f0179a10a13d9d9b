"""Tables come back from every format as they went out."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from astropy.io.votable.exceptions import VOWarning
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.domain.columns import ColumnKind, TableColumn
from skydb.errors import UsageError
from skydb.files.tableout.head import TableHead
from skydb.files.tableout.writers import write_table

COLUMNS = [
    TableColumn("name", ColumnKind.STRING, description="a <text> & more", is_ascii=False),
    TableColumn("count", ColumnKind.INTEGER, ucd="meta.number", description="how many"),
    TableColumn("s_ra", ColumnKind.NUMBER, "deg", "pos.eq.ra", "right ascension",
                "obscore:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1"),
    TableColumn("t_min", ColumnKind.NUMBER, "d", "time.start;obs.exposure"),
    TableColumn("is_good", ColumnKind.BOOLEAN),
    TableColumn("made_at", ColumnKind.TIME, description="when"),
    TableColumn("AVG(x)", ColumnKind.NUMBER, "mas"),
]  # fmt: skip
HEAD = TableHead(COLUMNS, "answer", 0, {"query": "SELECT 'a', \"b\" <> 1\nFROM c"})

#: Anything that a text of a ledger could hold; XML has no way to write the rest.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
)
#: What astropy's reader of ECSV leaves as it is: it trims every text, whatever its quotes, and
#: reads line by line, so that a text of several lines may lose some.
LINES_OF_TEXT = TEXTS.map(lambda text: "".join(text.splitlines()).strip(" \t")).filter(bool)


def rows_of(texts):
    return st.lists(
        st.tuples(
            st.none() | texts,
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.booleans(),
            st.none() | st.datetimes(datetime(1, 1, 1)).map(datetime.isoformat),
            st.none() | st.floats(allow_nan=False),
        ),
        max_size=6,
    )


LINES = "two\nlines, \"quoted\"\tand 'more'\r\n"
HARD = [
    (LINES, 2**63 - 1, 5e-324, -0.0, True, "2026-01-31T12:00:00.000001", 0.1 + 0.2),
    (" ", -(2**63), 1.7976931348623157e308, 1e22, False, "0001-01-01T00:00:00", math.inf),
    ("NULL", 0, -math.inf, 1 / 3, None, None, 2.5),
    ("#\u00e9\u2028\U0001f52d", None, None, None, None, None, None),
    (None,) * 7,
]


def written(suffix, rows, columns=COLUMNS, *, is_raw=True):
    with TemporaryDirectory() as directory:
        path = Path(directory) / f"table.{suffix}"
        head = TableHead(columns, HEAD.name, len(rows), HEAD.origin, is_raw=is_raw)
        write_table(path, head, [rows[:2], rows[2:]])
        assert [other.name for other in Path(directory).iterdir()] == [path.name]
        return path.read_bytes()


def cells(column):
    """Values of a column of astropy, with None for what is masked."""
    masks = getattr(column, "mask", None)
    masked = np.zeros(len(column), bool) if masks is None else np.broadcast_to(masks, len(column))
    values = [None if hidden else value for value, hidden in zip(column, masked, strict=True)]
    return [value.item() if hasattr(value, "item") else value for value in values]


def by_row(table):
    return list(zip(*(cells(table[name]) for name in table.colnames), strict=True)) or []


def from_csv(content):
    """A reader that tells nothing from an empty text: what is quoted is a text."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    kinds = [str, int, float, float, lambda text: {"true": True, "false": False}[text], str, float]
    assert rows[0] == [column.name for column in COLUMNS]
    return [
        tuple(None if text == "" else kind(text) for kind, text in zip(kinds, row, strict=True))
        for row in rows[1:]
    ]


def from_parquet(content):
    table = pq.read_table(io.BytesIO(content))
    rows = [tuple(row.values()) for row in table.to_pylist()]
    return [(*row[:5], _iso(row[5]), row[6]) for row in rows]


def _iso(moment):
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def from_votable(content):
    parsed = votable.parse(io.BytesIO(content), verify="exception")
    (table,) = list(parsed.iter_tables())
    # astropy gives texts that are NULL as empty ones, whatever the file says.
    return [
        tuple(None if cell == "" else cell for cell in row)
        for row in by_row(table.to_table(use_names_over_ids=True))
    ]


def from_ecsv(content):
    return by_row(Table.read(content.decode(), format="ascii.ecsv"))


def as_read(suffix, rows):
    """Read an ECSV as astropy: it trims blanks, and makes every end of a line alike."""
    if suffix != "ecsv":
        return rows
    texts = (None if row[0] is None else "\n".join(f"{row[0]}.".splitlines())[:-1] for row in rows)
    return [(None if not (text or "").strip() else text, *row[1:])
            for text, row in zip(texts, rows, strict=True)]  # fmt: skip


READERS = {"csv": from_csv, "ecsv": from_ecsv, "vot": from_votable, "parquet": from_parquet}
EVERY = pytest.mark.parametrize("suffix", READERS)


@EVERY
@settings(max_examples=25)
@given(st.data())
def test_every_table_comes_back_as_it_went_out(suffix, data):
    rows = data.draw(rows_of(LINES_OF_TEXT if suffix == "ecsv" else TEXTS))
    assert READERS[suffix](written(suffix, rows)) == rows


#: Characters that mean something to a reader of tables, and some that end a line for some.
AWKWARD = st.text(
    st.sampled_from("a0 \t\n\r\"',#\\\x0b\x1c\x85\xa0\u2028\u3000"), min_size=1, max_size=6
)


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("ecsv", " ")])
@given(st.lists(AWKWARD, max_size=4))
def test_a_delimited_file_has_every_text_as_it_is(suffix, delimiter, texts):
    columns = [TableColumn("name", ColumnKind.STRING), TableColumn("x", ColumnKind.INTEGER)]
    lines = written(suffix, [(text, 1) for text in texts], columns).decode()
    body = lines[lines.index(f"name{delimiter}x") :]
    found = list(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter))
    assert found == [["name", "x"], *([text, "1"] for text in texts)]


@pytest.mark.parametrize("suffix", ["csv", "ecsv"])
@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"])
def test_whatever_ends_a_line_for_somebody_is_quoted(suffix, end):
    columns = [TableColumn("name", ColumnKind.STRING)]
    assert f'"a{end}b"' in written(suffix, [(f"a{end}b",)], columns).decode()


@EVERY
def test_hard_values_come_back_to_the_last_bit(suffix):
    back = READERS[suffix](written(suffix, HARD))
    assert back == as_read(suffix, HARD)
    assert math.copysign(1, back[0][3]) == -1
    assert all(type(a) is type(b) for row, old in zip(back, as_read(suffix, HARD), strict=True)
               for a, b in zip(row, old, strict=True))  # fmt: skip


@EVERY
def test_a_table_without_rows_has_its_columns(suffix):
    assert READERS[suffix](written(suffix, [])) == []


def test_ecsv_carries_units_descriptions_and_ucds():
    table = Table.read(written("ecsv", HARD).decode(), format="ascii.ecsv")
    assert str(table["s_ra"].unit) == "deg"
    assert table["s_ra"].description == "right ascension"
    assert table["s_ra"].meta["ucd"] == "pos.eq.ra"
    assert table["s_ra"].meta["utype"].startswith("obscore:Char.")
    assert table["made_at"].meta["xtype"] == "timestamp"
    assert table["count"].dtype == np.int64
    assert table.meta["query"] == " ".join(HEAD.origin["query"].split())


def test_votable_carries_units_descriptions_ucds_utypes_and_frames():
    parsed = votable.parse(io.BytesIO(written("vot", HARD)), verify="exception")
    (table,) = list(parsed.iter_tables())
    fields = {field.name: field for field in table.fields}
    assert (str(fields["s_ra"].unit), fields["s_ra"].ucd) == ("deg", "pos.eq.ra")
    assert fields["s_ra"].utype.startswith("obscore:Char.")
    assert (fields["s_ra"].ref, fields["t_min"].ref) == ("icrs", "utc")
    assert (fields["made_at"].xtype, fields["made_at"].datatype) == ("timestamp", "char")
    assert (fields["count"].datatype, fields["name"].datatype) == ("long", "unicodeChar")
    assert fields["name"].description == "a <text> & more"


def test_a_votable_marks_every_null_even_of_a_text():
    content = written("vot", [HARD[-1], ("", *HARD[-1][1:])])
    packed = base64.b64decode(re.search(rb"<STREAM[^>]*>(.*)</STREAM>", content, re.DOTALL)[1])
    row = len(packed) // 2
    assert (packed[0], packed[row]) == (0b1111_1110, 0b0111_1110)


@pytest.mark.parametrize("rows", [HARD, []])
def test_a_validator_has_nothing_to_say_of_a_votable(rows, tmp_path):
    path = tmp_path / "table.vot"
    path.write_bytes(written("vot", rows))
    said = io.StringIO()
    assert votable.validate(str(path), output=said), said.getvalue()
    assert re.search(r"\b[WE]\d\d\b", said.getvalue()) is None, said.getvalue()


def test_a_validator_would_see_a_wrong_unit(tmp_path):
    wrong = [TableColumn("x", ColumnKind.NUMBER, "furlongs", "no.such.ucd")]
    content = written("vot", [(1.0,)], wrong)
    with pytest.raises(VOWarning):
        votable.parse(io.BytesIO(content), verify="exception")


def test_parquet_carries_units_and_where_it_is_from():
    schema = pq.read_schema(io.BytesIO(written("parquet", HARD)))
    assert schema.field("s_ra").metadata[b"unit"] == b"deg"
    assert schema.field("s_ra").metadata[b"ucd"] == b"pos.eq.ra"
    assert str(schema.field("made_at").type) == "timestamp[us, tz=UTC]"
    assert json.loads(schema.metadata[b"skydb"])["query"] == HEAD.origin["query"]


@given(st.lists(st.text(st.sampled_from("=+-@\t\r\n1.e5a,\"' "), max_size=6), max_size=4))
def test_no_text_of_csv_is_a_formula_for_a_spreadsheet(texts):
    columns = [TableColumn("=1+1", ColumnKind.STRING), TableColumn("x", ColumnKind.NUMBER)]
    content = written("csv", [(text, -1.5) for text in texts], columns, is_raw=False).decode()
    head, *rows = csv.reader(io.StringIO(content, newline=""))
    assert head == ["'=1+1", "x"]
    for text, (cell, number) in zip(texts, rows, strict=True):
        assert number == "-1.5"
        assert cell in (text, f"'{text}")
        assert not cell.startswith(tuple("=@\t\r\n"))
        if cell.startswith(("+", "-")):
            assert math.isfinite(float(cell))


@pytest.mark.parametrize("text", ["-1.5", "+3", "-2e-3", "a=1", "1-2", "", " =1"])
def test_numbers_and_plain_texts_of_csv_stay_as_they_are(text):
    columns = [TableColumn("name", ColumnKind.STRING), TableColumn("x", ColumnKind.INTEGER)]
    assert written("csv", [(text, -7)], columns, is_raw=False) == written(
        "csv", [(text, -7)], columns
    )


def test_csv_tells_an_empty_text_from_nothing():
    assert written("csv", [("", *[None] * 6)]).splitlines()[1] == b'"",,,,,,'


def test_control_characters_are_kept_in_cells_and_replaced_in_descriptions():
    columns = [TableColumn("x", ColumnKind.STRING, description="a\x1bb")]
    content = written("vot", [("a\x00b\x1bc",)], columns)
    parsed = votable.parse(io.BytesIO(content), verify="exception")
    assert next(iter(parsed.iter_tables())).fields[0].description == "a\ufffdb"
    assert from_votable(content) == [("a\x00b\x1bc",)]


def test_an_unknown_suffix_names_those_that_are_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv, \.ecsv, \.vot or \.parquet"):
        write_table(tmp_path / "table.docx", HEAD, [])


def test_what_fails_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("earlier")

    def failing():
        yield [HARD[0]]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_table(path, HEAD, failing())
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="no directory"):
        write_table(tmp_path / "nowhere" / "table.csv", HEAD, [])


def test_parquet_is_written_in_groups_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("skydb.files.tableout.parquet._GROUP", 3)
    path = tmp_path / "table.parquet"
    head = TableHead([TableColumn("i", ColumnKind.INTEGER)], "numbers", 8)
    write_table(path, head, ([(i,), (i + 1,)] for i in range(0, 8, 2)))
    assert pq.ParquetFile(path).num_row_groups == 2
    assert pq.read_table(path)["i"].to_pylist() == list(range(8))


def test_names_of_columns_may_be_anything():
    columns = [TableColumn(name, ColumnKind.INTEGER) for name in ("a b", 'q"x', "x,y", "icrs")]
    for suffix, read in (("ecsv", from_ecsv), ("vot", from_votable)):
        assert read(written(suffix, [(1, 2, 3, 4)], columns)) == [(1, 2, 3, 4)]
    assert written("csv", [(1, 2, 3, 4)], columns).splitlines()[0] == b'a b,"q""x","x,y",icrs'
