"""Files that options name: found, told by content, copied to the tool."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.drizzle.optionfiles import content_only, stage_files
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
from skydb.errors import FileRejectedError, NotFoundError, UsageError
from tests.drizzle.option_files import IMAGES, write_for, write_grid


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the user is."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize("option", ["final_refimage", "driz_sep_refimage", "rules_file"])
@pytest.mark.parametrize("extension", ["", "[0]", "[PRIMARY]"])
def test_a_file_is_found_and_called_as_it_lies_where_the_tool_runs(
    here: Path, option: str, extension: str
) -> None:
    written = write_for(option, here / "ref.fits").read_bytes()
    if option not in IMAGES:
        extension = ""
    settings = AstroDrizzleSettings(extra={option: f"ref.fits{extension}"})
    assert settings.as_parameters()[option] == f"ref.fits{extension}"
    assert settings.tool_parameters()[option] == f"{option}/ref.fits{extension}"
    scratch = here / "scratch"
    scratch.mkdir()
    stage_files(Tool.ASTRODRIZZLE, settings.files, scratch)
    assert (scratch / option / "ref.fits").read_bytes() == written


def test_a_recipe_has_the_content_of_a_file_and_not_its_place(here: Path) -> None:
    def recipe(name: str, value: int) -> object:
        (here / name).parent.mkdir(exist_ok=True)
        write_grid(here / name, value=value)
        parameters = AstroDrizzleSettings(extra={"final_refimage": name}).as_parameters()
        return json.dumps(content_only({"skydb": {"mosaic": parameters}}), sort_keys=True)

    first = recipe("ref.fits", 1)
    assert recipe("elsewhere/ref.fits", 1) == first
    assert recipe("ref.fits", 2) != first


def test_a_file_that_has_changed_since_is_refused(here: Path) -> None:
    write_grid(here / "ref.fits", value=1)
    settings = AstroDrizzleSettings(extra={"final_refimage": "ref.fits"})
    again = AstroDrizzleSettings.recalled(json.loads(json.dumps(settings.as_parameters())))
    assert again.files == settings.files
    write_grid(here / "ref.fits", value=2)
    with pytest.raises(FileRejectedError, match="has changed since final_refimage named it"):
        stage_files(Tool.ASTRODRIZZLE, again.files, here)


def test_a_list_comes_with_what_it_lists(here: Path) -> None:
    (here / "masks").mkdir()
    mask = write_grid(here / "masks" / "m.fits").read_bytes()
    (here / "masks.txt").write_text("# masks\nfield/a_flt.fits, masks/m.fits[0], None\n")
    settings = AstroDrizzleSettings(extra={"skymask_cat": "masks.txt"})
    assert [one.path.name for one in settings.files] == ["masks.txt", "m.fits"]
    scratch = here / "scratch"
    scratch.mkdir()
    stage_files(Tool.ASTRODRIZZLE, settings.files, scratch)
    said = (scratch / "skymask_cat" / "masks.txt").read_text().splitlines()
    assert said == ["# masks", "a_flt.fits, skymask_cat/0_m.fits[0], None"]
    assert (scratch / "skymask_cat" / "0_m.fits").read_bytes() == mask
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


def refusal(tool: Tool, option: str, value: str) -> str:
    """The message of the refusal of an option, which is one of wrong usage."""
    settings = AstroDrizzleSettings if tool is Tool.ASTRODRIZZLE else TweakRegSettings
    more = {"skysub": False} if option == "skyuser" else {}
    with pytest.raises(UsageError, match=rf"^{option}") as refused:
        settings(extra={option: value, **more})
    assert refused.value.exit_code == 2
    return str(refused.value)


def _not_wcs(path: Path) -> None:
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(path)


def _without(key: str, path: Path) -> None:
    write_grid(path)
    fits.delval(path, key)


@pytest.mark.parametrize(
    ("option", "tool"),
    [
        ("final_refimage", Tool.ASTRODRIZZLE),
        ("driz_sep_refimage", Tool.ASTRODRIZZLE),
        ("refimage", Tool.TWEAKREG),
    ],
)
@pytest.mark.parametrize(
    ("write", "extension", "said"),
    [
        (write_grid, "[7]", "no extension [7] (it has [0])"),
        (write_grid, "[sci,2]", "no extension [sci,2]"),
        (write_grid, "[]", "no extension []"),
        (write_grid, "{0}", "no extension {0}"),
        (_not_wcs, "", "has no WCS on the sky"),
        (_not_wcs, "[0]", "[0] has no WCS on the sky"),
        (lambda path: _without("CRVAL2", path), "", "has no WCS on the sky"),
        (lambda path: [_without("CD1_1", path), fits.delval(path, "CD2_2")], "", "inverted"),
        (lambda path: path.write_text("grid"), "", "not a FITS file"),
        (lambda path: path.touch(), "[1]", "the file is empty"),
        (lambda path: os.truncate(write_grid(path), 3000), "", "truncated"),
        (lambda path: path.mkdir(), "", "is a directory"),
    ],
)  # fmt: skip
def test_an_image_that_is_no_grid_is_refused_at_once(
    here: Path, option: str, tool: Tool, write, extension: str, said: str
) -> None:
    write(here / "ref.fits")
    told = refusal(tool, option, f"ref.fits{extension}")
    assert "ref.fits" in told and said in told


def test_drizzlepac_looks_for_the_grid_of_single_images_in_the_first_header_only(
    here: Path,
) -> None:
    write_grid(here / "ref.fits", in_extension=True)
    for name in ("ref.fits", "ref.fits[1]", "ref.fits[sci,1]", "ref.fits[SCI]"):
        AstroDrizzleSettings(extra={"final_refimage": name})
    assert "Write ref.fits[1]" in refusal(Tool.ASTRODRIZZLE, "driz_sep_refimage", "ref.fits")
    AstroDrizzleSettings(extra={"driz_sep_refimage": "ref.fits[1]"})


_LISTS = [
    *((Tool.ASTRODRIZZLE, name) for name in ("rules_file", "skymask_cat", "skyfile", "skyuser")),
    *((Tool.TWEAKREG, name) for name in ("history", "exclusions", "catfile")),
]


@pytest.mark.parametrize(("tool", "option"), _LISTS, ids=str)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# only a comment\n\n", "no line but comments"),
        (bytes(range(128, 256)), "cannot be read as a text"),
    ],
)
def test_a_text_that_says_nothing_is_refused_at_once(
    here: Path, tool: Tool, option: str, content: bytes, said: str
) -> None:
    mark = "@" if option == "skyuser" else ""
    (here / "list.txt").write_bytes(content)
    assert said in refusal(tool, option, f"{mark}list.txt")
    (here / "list.txt").write_text("a_flt.fits 1\n" if "sky" in option else "text\n")
    assert "no extension [1]" in refusal(tool, option, f"{mark}list.txt[1]")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.fits one", "line 2: has a value that is not a number"),
        ("a.fits", "line 2: has no sky"),
        ("b.fits 3", "line 2: b.fits is there twice"),
    ],
)
def test_a_wrong_line_of_skies_is_refused_at_once(here: Path, line: str, said: str) -> None:
    (here / "sky.txt").write_text(f"b.fits 1\n{line}\n")
    assert said in refusal(Tool.ASTRODRIZZLE, "skyfile", "sky.txt")
    assert said in refusal(Tool.ASTRODRIZZLE, "skyuser", "@sky.txt")


@pytest.mark.parametrize(
    ("extension", "said"), [("[3]", "no extension [3]"), ("[0]", "not an image"), ("", "[1]")]
)
def test_a_mask_that_is_no_image_is_refused_at_once(here: Path, extension: str, said: str) -> None:
    write_grid(here / "mask.fits", in_extension=True)
    (here / "masks.txt").write_text(f"a_flt.fits mask.fits{extension}\n")
    assert said in refusal(Tool.ASTRODRIZZLE, "skymask_cat", "masks.txt")
    (here / "masks.txt").write_text("a_flt.fits mask.fits[1]\n")
    AstroDrizzleSettings(extra={"skymask_cat": "masks.txt"})
