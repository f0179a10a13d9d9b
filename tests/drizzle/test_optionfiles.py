"""Files that options name: found, told by content, copied to the tool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skydb.drizzle.optionfiles import content_only, stage_files
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
from skydb.errors import FileRejectedError, NotFoundError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the user is."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("option", ["final_refimage", "driz_sep_refimage", "rules_file"])
@pytest.mark.parametrize("extension", ["", "[1]", "[sci,1]"])
def test_a_file_is_found_and_called_as_it_lies_where_the_tool_runs(
    here: Path, option: str, extension: str
) -> None:
    (here / "ref.fits").write_bytes(b"grid")
    settings = AstroDrizzleSettings(extra={option: f"ref.fits{extension}"})
    assert settings.as_parameters()[option] == f"ref.fits{extension}"
    assert settings.tool_parameters()[option] == f"{option}/ref.fits{extension}"
    scratch = here / "scratch"
    scratch.mkdir()
    stage_files(Tool.ASTRODRIZZLE, settings.files, scratch)
    assert (scratch / option / "ref.fits").read_bytes() == b"grid"


def test_a_recipe_has_the_content_of_a_file_and_not_its_place(here: Path) -> None:
    def recipe(name: str, content: bytes) -> object:
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_bytes(content)
        parameters = AstroDrizzleSettings(extra={"final_refimage": name}).as_parameters()
        return json.dumps(content_only({"skydb": {"mosaic": parameters}}), sort_keys=True)

    first = recipe("ref.fits", b"one")
    assert recipe("elsewhere/ref.fits", b"one") == first
    assert recipe("ref.fits", b"two") != first


def test_a_file_that_has_changed_since_is_refused(here: Path) -> None:
    (here / "ref.fits").write_bytes(b"one")
    settings = AstroDrizzleSettings(extra={"final_refimage": "ref.fits"})
    again = AstroDrizzleSettings.recalled(json.loads(json.dumps(settings.as_parameters())))
    assert again.files == settings.files
    (here / "ref.fits").write_bytes(b"two")
    with pytest.raises(FileRejectedError, match="has changed since final_refimage named it"):
        stage_files(Tool.ASTRODRIZZLE, again.files, here)


def test_a_list_comes_with_what_it_lists(here: Path) -> None:
    (here / "masks").mkdir()
    (here / "masks" / "m.fits").write_bytes(b"mask")
    (here / "masks.txt").write_text("# masks\nfield/a_flt.fits, masks/m.fits[0], None\n")
    settings = AstroDrizzleSettings(extra={"skymask_cat": "masks.txt"})
    assert [one.path.name for one in settings.files] == ["masks.txt", "m.fits"]
    scratch = here / "scratch"
    scratch.mkdir()
    stage_files(Tool.ASTRODRIZZLE, settings.files, scratch)
    said = (scratch / "skymask_cat" / "masks.txt").read_text().splitlines()
    assert said == ["# masks", "a_flt.fits, skymask_cat/0_m.fits[0], None"]
    assert (scratch / "skymask_cat" / "0_m.fits").read_bytes() == b"mask"
    (here / "masks" / "m.fits").unlink()
    with pytest.raises(NotFoundError, match=r"skymask_cat masks.txt: there is no file masks/m"):
        AstroDrizzleSettings(extra={"skymask_cat": "masks.txt"})


def test_regions_are_looked_for_beside_their_list(here: Path) -> None:
    (here / "regions").mkdir()
    (here / "regions" / "star.reg").write_text("circle")
    (here / "regions" / "list.txt").write_text("ibxl50030_drz.fits star.reg None\n")
    settings = TweakRegSettings(extra={"exclusions": "regions/list.txt"})
    scratch = here / "scratch"
    scratch.mkdir()
    stage_files(Tool.TWEAKREG, settings.files, scratch)
    said = (scratch / "exclusions" / "list.txt").read_text()
    assert said == "ibxl50030_drz.fits 0_star.reg None\n"
    assert (scratch / "exclusions" / "0_star.reg").read_text() == "circle"
    assert settings.tool_parameters()["exclusions"] == "exclusions/list.txt"
