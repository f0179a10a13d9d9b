"""The notebooks of the documentation run offline, and are right in what they say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.test_words import BANNED

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((REPOSITORY / "docs").glob("*.ipynb"))
#: A proxy that nobody listens on: what is asked outside of this machine fails.
NOWHERE = "http://127.0.0.1:9"

#: Before the first cell. Importing drizzlepac for every task took half of a notebook's time.
STARTUP = """\
from pathlib import Path
import skydb.drizzle.runner
from tests.workers import Subprocesses
skydb.drizzle.runner.subprocess = Subprocesses(Path("{scratch}"))
del Path, Subprocesses, skydb
"""

State = dict[str, Any]


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(REPOSITORY / "docs" / f"{name}.ipynb", as_version=4)


def probe(names: tuple[str, ...]) -> nbformat.NotebookNode:
    """A last cell that prints results of the notebook by name."""
    values = ", ".join(f'"{name}": {name}.document()' for name in names)
    source = f"import json; print(json.dumps({{{values}}}, default=str))"
    return nbformat.v4.new_code_cell(source)


def executed(name: str, tmp_path: Path, names: tuple[str, ...]) -> tuple[State, list[str]]:
    """Run a notebook in a kernel of its own; give results by name, and the texts it printed."""
    notebook = read(name)
    notebook.cells.append(probe(names))
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    streams = [one for one in outputs if one.output_type == "stream"]
    assert [one.text for one in streams if one.name == "stderr"] == []
    printed = [one.text for one in streams]
    return json.loads(printed[-1]), printed


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kernels write below this directory, use this checkout, and reach no network."""
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "workers.py").write_text(STARTUP.format(scratch=tmp_path))
    for name in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    paths = (str(REPOSITORY), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_in_plain_words_and_hides_no_cell(path: Path) -> None:
    notebook = read(path.stem)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count] == []
    assert [cell.id for cell in notebook.cells if cell.metadata] == []
    assert [cell.id for cell in notebook.cells if BANNED.search(cell.source)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_asks_a_question(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path.stem).cells if cell.cell_type == "markdown")
    chapters = text.split("\n## ")[1:]
    asking = {chapter.partition("\n")[0] for chapter in chapters if "**Question" in chapter}
    numbered = {
        head for head in (chapter.partition("\n")[0] for chapter in chapters) if head[0].isdigit()
    }
    assert len(asking) >= 5
    assert {head.partition(". ")[2] for head in numbered - asking} <= {
        "Conclusion",
        "Your own questions",
    }


def test_one_line_changes_the_archive() -> None:
    first, *others = [
        cell.source for cell in read("sky_matching").cells if cell.cell_type == "code"
    ]
    assert first == 'ARCHIVE = "loopback"  # or "MAST"'
    assert sum("ARCHIVE" in source for source in others) == 1


@pytest.mark.slow
def test_the_tutorial_is_right_in_what_it_says(tmp_path: Path) -> None:
    names = (
        *("files", "headers", "before", "motions", "fits", "accepted", "after", "advice"),
        *("by_astrodrizzle", "runs", "skies", "sky_errors", "pointings"),
    )
    said, printed = executed("sky_matching", tmp_path, names)

    assert [file["kind"] for file in said["files"]].count("FLT") == 6
    assert {file["status"] for file in said["files"]} == {"complete"}
    one_of_each = ("detector", "filter", "bunit")
    assert {tuple(row[name] for name in one_of_each) for row in said["headers"]} == {
        ("IR", "F160W", "ELECTRONS/S")
    }
    assert_archive_wcs(said)
    assert_alignment(said)
    assert_skies(said)
    (apart,) = [text for text in printed if "by AstroDrizzle and by skydb" in text]
    assert float(apart.split("at most ")[1].split()[0]) < 0.0005


def assert_archive_wcs(said: State) -> None:
    first, second, third = said["before"]
    assert first["wcs_name"].endswith("GSC240") and first["rms_ra_mas"] is None
    assert second["nmatches"] == 12 and 10.5 < second["rms_ra_mas"] < 11.5
    assert third["rms_ra_mas"] >= 115 and third["rms_dec_mas"] >= 115
    star, field, from_2016, from_moved = [row["distance_mas"] for row in said["motions"]]
    assert 25 < star < 35 and 4 < field < 6 and 25 < from_2016 < 35 and from_moved < 0.01


def assert_alignment(said: State) -> None:
    fits = {fit["product"][:9]: fit for fit in said["fits"]}
    shifts = {name: (fit["dx_pix"] ** 2 + fit["dy_pix"] ** 2) ** 0.5 for name, fit in fits.items()}
    assert max(shifts, key=lambda name: shifts[name]) == "ibxl52030" and shifts["ibxl52030"] > 3
    assert all(fit["nmatches"] > 100 and abs(fit["rotation_deg"]) < 0.01 for fit in fits.values())
    assert all(fit["trust"] >= 0.5 for fit in fits.values())
    assert min(fits, key=lambda name: fits[name]["trust"]) == "ibxl51030"
    assert fits["ibxl51030"]["trust_reason"].startswith("archive: 154 mas off")
    assert len(said["accepted"]) == 6
    for moved in said["accepted"]:
        assert moved["status"] == "applied" and moved["version"] == 2
        assert moved["residual_mas"] < 0.01 < 100 < moved["realised_shift_mas"]
    assert all(row["rms_ra_pix"] < 0.05 and row["rms_ra_mas"] < 6 for row in said["after"])
    for pointing in said["pointings"]:
        assert 150 < pointing["delivered_mas"] < 425 and pointing["aligned_mas"] < 1.5
    assert max(row["delivered_mas"] for row in said["pointings"]) > 3 * 128


def assert_skies(said: State) -> None:
    assert [row["method"] for row in said["advice"] if row["chosen"]] == ["match"]
    runs = [*said["runs"], *said["by_astrodrizzle"]]
    assert {run["status"] for run in runs} == {"succeeded"}
    assert all(run["requested_method"] == run["effective_method"] for run in runs)
    assert len({run["effective_method"] for run in runs}) == 4
    lifted = {row["rootname"]: row["localmin"] - row["globalmin_match"] for row in said["skies"]}
    assert lifted["ibxl50clq"] > 0.1 > 0.01 > abs(lifted["ibxl52daq"])
    assert min(row["match"] for row in said["skies"]) == 0.0
    rms = {row["method"]: row["rms"] for row in said["sky_errors"]}
    assert rms["match"] < 0.001 and rms["globalmin_match"] < 0.001
    assert rms["localmin"] == pytest.approx(0.05, abs=0.01)
    assert rms["globalmin"] == pytest.approx(0.13, abs=0.01)


@pytest.mark.slow
def test_the_history_is_right_in_what_it_says(tmp_path: Path) -> None:
    names = ("imported", "levels", "changes", "outdated", "due", "since", "history", "story")
    said, printed = executed("history_and_reprocessing", tmp_path, names)

    (old,) = said["imported"]
    assert (old["requested_method"], old["method"], old["exposures"]) == ("match", "localmin", 4)
    assert all(row["difference"] > 20 * row["mdrizsky_sigma"] for row in said["levels"])
    assert [row["rootname"] for row in said["changes"]] == ["ibxl51cvq", "ibxl51d0q"]
    for row in said["changes"]:
        assert (row["version_a"], row["version_b"]) == (1, 3)
        assert row["cause"] == ["IDCTAB", "software", "input content"]
    outdated = {row["rootname"] for row in said["outdated"] if row["is_outdated"]}
    assert outdated == {"ibxl51cvq", "ibxl51d0q"}
    (refusal,) = [text for text in printed if text.startswith("mixed-alignment")]
    assert "ibxl51cvq, ibxl51d0q do not" in refusal
    assert "skydb align run --refcat gaia ibxl51030_drz.fits" in [
        row["command"] for row in said["due"]
    ]
    assert_sky_of_two_versions(said)


def assert_sky_of_two_versions(said: State) -> None:
    for row in said["since"]:
        if row["version_a"] == row["version_b"]:
            assert row["difference"] == 0.0
        else:
            assert row["difference"] == pytest.approx(0.0015, abs=0.00005)
            assert 1.4 < row["significance"] < 1.7
    assert [row["version"] for row in said["history"]] == [None, 2, 4]
    assert {row["unit"] for row in said["history"]} == {"electron/s"}
    for row in said["story"]:
        assert row["moved_mas"] == pytest.approx(40.0, abs=0.01)
        assert row["sky_ratio"] == pytest.approx(1.001, abs=1e-6)
        assert row["reprocessed_mas"] > 150 and 154 < row["first_mas"] < 155
        assert row["aligned_mas"] < 3.0
