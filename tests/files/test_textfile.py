"""Lines of a text are the same in every encoding that a shell writes."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydb.files.logs.logfile import has_traces
from skydb.files.textfile import read_text_lines, stream_blocks, text_chunks

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40))
MARKED = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from(sorted(MARKED)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_line_is_one_however_it_is_written(tmp_path: Path, lines, encoding, end, is_packed):
    content = MARKED[encoding] + "".join(line + end for line in lines).encode(encoding)
    path = tmp_path / "a.log"
    path.write_bytes(gzip.compress(content) if is_packed else content)
    # A mark within the text is no mark of the file.
    expected = list(lines)
    if expected and encoding == "utf-8":
        expected[0] = expected[0].removeprefix("\ufeff")
    assert [line for block in stream_blocks(path) for line in block] == expected
    assert read_text_lines(path) == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_runs_are_seen_wherever_a_text_of_two_bytes_is_cut(tmp_path: Path, encoding):
    path = tmp_path / "a.log"
    path.write_bytes(MARKED[encoding] + ("-" * 101 + "\nTweakReg Version 1.4.7\n").encode(encoding))
    assert has_traces(path)
    whole = path.read_bytes().decode("utf-16").encode()
    assert {b"".join(text_chunks(path, size)) for size in (3, 7, 64, 4096)} == {whole}
