"""Files that are no plain logs: notebooks, pages, bombs, and very large ones."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from skydb.errors import UnreadableFileError
from skydb.files.logs import LogFile, LoggedRun, read_log
from skydb.files.logs.notebook import read_notebook
from tests.files.logs.manners import DrizzleManner, bare, levels, notebook


def test_a_value_of_a_notebook_is_found_in_the_line_of_its_file(tmp_path):
    path = tmp_path / "run.ipynb"
    path.write_text(notebook(bare(DrizzleManner("2.2.6").lines()).splitlines()[:9]))
    cells = list(read_notebook(path))
    text = path.read_text().splitlines()
    assert [cell.facts for cell in cells] == [
        {"cell": 2, "execution_count": 7, "iopub.execute_input": "2019-01-08T11:10:51.000Z"}
    ]
    for number, line in cells[0].lines:
        assert json.dumps(line)[1:-1] in text[number - 1]


def test_a_run_of_a_notebook_keeps_its_cell(tmp_path):
    path = tmp_path / "run.ipynb"
    path.write_text(notebook(DrizzleManner("3.1.3").lines()))
    ((_, beside),) = LogFile(path).runs()
    assert beside["notebook"]["execution_count"] == 7


def test_an_error_that_a_cell_ended_with_is_the_reason_of_the_failure(tmp_path):
    lines = DrizzleManner("3.1.3").lines()
    lines = [*lines[: lines.index("***** skymatch ended on 2019-01-08 06:10:57.8")]]
    lines += [
        "# AstroDrizzle Version 3.1.3 encountered a problem!  Processing terminated  #",
        "# at 06:10:58.2 (08/01/2019).                                              #",
    ]
    cells = json.loads(notebook(lines))
    cells["cells"][1]["outputs"].append(
        {"output_type": "error", "ename": "ValueError", "evalue": "no sky\nmore", "traceback": []}
    )
    (tmp_path / "run.ipynb").write_text(json.dumps(cells))
    (run,) = read_log(tmp_path / "run.ipynb")
    assert isinstance(run, LoggedRun)
    assert run.failure == (
        "AstroDrizzle encountered a problem in step Subtract Sky: ValueError: no sky"
    )
    assert str(run.finished_at) == "2019-01-08 06:10:58.200000"
    assert run.values == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 3}', '{"nbformat": 4}', "[" * 9999])
def test_what_is_no_notebook_is_refused(tmp_path, text):
    (tmp_path / "run.ipynb").write_text(text)
    with pytest.raises(UnreadableFileError, match="is not a Jupyter notebook"):
        read_log(tmp_path / "run.ipynb")


@pytest.mark.parametrize("head", ["<!DOCTYPE html>\n", "<HTML>", "\n\n  <head>"])
def test_a_page_is_refused_with_a_sentence(tmp_path, head):
    (tmp_path / "run.log").write_text(head + bare(DrizzleManner("2.2.6").lines()))
    with pytest.raises(UnreadableFileError, match=r"is an HTML page.*import the log"):
        read_log(tmp_path / "run.log")


@pytest.mark.parametrize(
    "tail", [b"\0", b"AstroDrizzle Version ".ljust(1023) + b"\n"], ids=["nothing", "text"]
)
def test_a_gzip_file_that_unpacks_to_far_too_much_is_refused(tmp_path, tail):
    (tmp_path / "run.log.gz").write_bytes(gzip.compress(tail * ((40 << 20) // len(tail))))
    with pytest.raises(UnreadableFileError, match="unpacks to more than 200 times its size"):
        read_log(tmp_path / "run.log.gz")


def test_a_large_log_is_read_in_little_memory(tmp_path):
    run = levels(DrizzleManner("2.2.6").lines())
    with (tmp_path / "run.log").open("w") as file:
        for day in range(1, 21):
            file.write(run.replace("08/01/2019", f"{day:02}/01/2019"))
            file.write("[INFO    ] \n" + "nothing of interest\n" * 25_000)
    size = (tmp_path / "run.log").stat().st_size
    tracemalloc.start()
    count = sum(1 for _ in LogFile(tmp_path / "run.log").runs())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20
    assert peak < size / 2


def test_a_line_without_an_end_is_cut(tmp_path):
    (tmp_path / "run.log").write_bytes(
        b"x" * (5 << 20) + b"\n" + levels(DrizzleManner("2.2.6").lines()).encode()
    )
    (run,) = read_log(tmp_path / "run.log")
    assert run.first_line == 3


def test_values_outside_of_any_run_are_told(tmp_path):
    lines = DrizzleManner("2.2.6").lines()
    middle = next(n for n, line in enumerate(lines) if "skymatch started" in line)
    (tmp_path / "run.log").write_text(levels(lines[middle:]))
    log = LogFile(tmp_path / "run.log")
    assert list(log.runs()) == []
    assert len(log.orphans) > 4
