"""Options in the types of drizzlepac's own specification."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.drizzle.options import typed_options
from skydb.drizzle.optionspec import OptionKind, Tool, drizzlepac_directory, specification
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings, require_options
from skydb.errors import NotFoundError, UsageError
from tests.drizzle.option_files import write_for
from tests.drizzle.option_values import another_value, every_option

DRIZZLE = Tool.ASTRODRIZZLE
BOOLEANS = [name for name, spec in every_option().items() if spec.kind is OptionKind.BOOLEAN]


def test_every_option_of_the_specification_is_known() -> None:
    written = (drizzlepac_directory() / "pars" / "astrodrizzle.cfg").read_text()
    names = {line.partition("=")[0].strip() for line in written.splitlines() if "=" in line}
    assert {name for name in names if not name.startswith("_")} <= set(specification(DRIZZLE))


def test_defaults_of_the_specification_are_values_of_their_type() -> None:
    for tool in Tool:
        for name, spec in specification(tool).items():
            if spec.kind is not OptionKind.MAPPING and name not in ("input",):
                assert json.dumps(_typed(tool, name, spec.default)) != ""


def _typed(tool: Tool, name: str, value: object) -> object:
    from skydb.drizzle.options import typed

    return typed(specification(tool)[name], value)


@pytest.mark.parametrize("word", ["True", "true", "yes", "YES", "on", "1", 1, True, "'yes'"])
def test_what_is_true_in_python_and_in_iraf_is_true(word: object) -> None:
    assert typed_options(DRIZZLE, dict.fromkeys(BOOLEANS, word)) == dict.fromkeys(BOOLEANS, True)


@pytest.mark.parametrize("word", ["False", "false", "no", "NO", "off", "0", 0, False, '"no"'])
def test_what_is_false_in_python_and_in_iraf_is_false(word: object) -> None:
    assert typed_options(DRIZZLE, dict.fromkeys(BOOLEANS, word)) == dict.fromkeys(BOOLEANS, False)


@pytest.mark.parametrize("nothing", [None, "None", "INDEF", "indef", "", " "])
def test_nothing_leaves_a_number_open_and_a_text_empty(nothing: object) -> None:
    asked = dict.fromkeys(("final_scale", "final_outnx", "skyfile", "sky_bits"), nothing)
    assert typed_options(DRIZZLE, asked) == {
        "final_scale": None, "final_outnx": None, "skyfile": "", "sky_bits": "None",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("skysub", "maybe", "True or False"),
        ("skysub", 2, "True or False"),
        ("skysub", None, "True or False"),
        ("final_rot", "north", "a number or None"),
        ("final_rot", True, "a number or None"),
        ("final_rot", "inf", "a number or None"),
        ("final_pixfrac", "None", "a number"),
        ("skyclip", "2.5", "an integer"),
        ("final_outnx", "1e", "an integer or None"),
        ("final_wht_type", "exp", "one of EXP, ERR, IVM"),
        ("final_kernel", "tophat", "one of square, point, gaussian, turbo, lanczos3"),
        ("sky_bits", "good", "DQ flags"),
        ("sky_bits", "3,5", "each a power of two"),
        ("driz_cr_snr", "3.5", "2 numbers"),
        ("wcskey", ["A"], "a text"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_allowed(
    name: str, value: object, allowed: str
) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be") as refused:
        typed_options(DRIZZLE, {name: value})
    assert allowed in refused.value.advice


@pytest.mark.parametrize(
    ("tool", "name", "near"),
    [
        (DRIZZLE, "final_rott", "final_rot"),
        (DRIZZLE, "skyusr", "skyuser"),
        (DRIZZLE, "SKYSUB", "nearest are skysub"),
        (DRIZZLE, "STEP 2: SKY SUBTRACTION.skysub", "Write skysub"),
        (DRIZZLE, "bogus", "nearest are"),
        (Tool.TWEAKREG, "min_obj", "minobj"),
        (Tool.TWEAKREG, "skysub", "nearest are"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_the_nearest(
    tool: Tool, name: str, near: str
) -> None:
    with pytest.raises(UsageError, match="has no option") as refused:
        typed_options(tool, {name: 1})
    assert near in refused.value.advice


@given(st.lists(st.integers(0, 15), min_size=1, max_size=6), st.sampled_from([",", "+", " , "]))
def test_flags_are_one_sum_however_they_are_written(places: list[int], separator: str) -> None:
    listed = separator.join(str(1 << place) for place in places)
    total = sum({1 << place for place in places})
    assert typed_options(DRIZZLE, {"final_bits": listed}) == {"final_bits": str(total)}
    assert typed_options(DRIZZLE, {"final_bits": total}) == {"final_bits": str(total)}


@pytest.mark.parametrize("name", sorted(every_option()))
def test_every_option_is_kept_once_with_the_value_that_was_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = another_value(every_option()[name])
    monkeypatch.chdir(tmp_path)
    write_for(name, tmp_path / "MYKEY")
    partners = _partners(name)
    settings = AstroDrizzleSettings(sky_bits="0", final_bits="0", extra={name: value, **partners})
    kept = settings.as_parameters()
    assert kept[name] == typed_options(DRIZZLE, {name: value})[name]
    again = AstroDrizzleSettings.recalled(json.loads(json.dumps(kept)))
    assert again.as_parameters() == kept
    fields = set(vars(settings)) - {"extra", "files"}
    assert not fields & settings.extra.keys()


def _partners(name: str) -> dict[str, object]:
    """Options that AstroDrizzle needs beside an option of a grid."""
    pairs = (("ra", "dec"), ("outnx", "outny"), ("crpix1", "crpix2"))
    prefix, _, last = name.rpartition("_")
    both = next((pair for pair in pairs if last in pair), ())
    return {f"{prefix}_{one}": 50 for one in both if one != last}


@pytest.mark.parametrize("extra", [{"minobj": "7"}, {"threshold": "7"}, {"conv_width": "7"}])
def test_options_of_fits_are_kept_once(extra: dict[str, object]) -> None:
    kept = TweakRegSettings(extra=extra).as_parameters()
    (name,) = extra
    flat = {**kept, **dict(kept["imagefindcfg"])}  # type: ignore[call-overload]
    assert flat[name] == 7
    assert TweakRegSettings.recalled(json.loads(json.dumps(kept))).as_parameters() == kept
    with pytest.raises(UsageError, match="threshold is given twice"):
        TweakRegSettings(extra={"threshold": 3, "imagefindcfg": {"threshold": 4}})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"final_wcs": "no", "final_rot": 30}, "asks for no grid"),
        ({"final_outnx": 30}, "go together"),
        ({"final_refimage": "ref.fits", "final_rot": 0}, "grid of its own"),
        ({"final_refimage": "ref.fits", "final_scale": "0.1"}, "grid of its own"),
        ({"driz_sep_refimage": "ref.fits", "driz_sep_rot": 1}, "grid of its own"),
    ],
)
def test_options_of_a_grid_that_contradict_each_other_are_refused(
    options: dict[str, object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ref.fits").touch()
    with pytest.raises(UsageError, match=said):
        require_options(options)


def test_no_grid_is_named_where_none_is_wanted() -> None:
    assert "final_rot" not in AstroDrizzleSettings(final_wcs=False).as_parameters()
    nothing = AstroDrizzleSettings(extra={"driz_sep_scale": None, "driz_sep_refimage": ""})
    assert not {"driz_sep_scale", "driz_sep_refimage"} & nothing.as_parameters().keys()


def test_what_stands_in_empty_pixels_need_not_be_finite() -> None:
    settings = AstroDrizzleSettings(extra={"final_fillval": "nan"})
    assert settings.as_parameters()["final_fillval"] == "nan"
    told = settings.tool_parameters()["final_fillval"]
    assert isinstance(told, float) and told != told


def test_options_are_checked_without_drizzlepac_or_a_database() -> None:
    script = (
        "import sys; from skydb.drizzle.settings import require_options;"
        "require_options({'final_rot': '3', 'skysub': 'yes'}); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "stsci.tools.configobj" in loaded
    assert not loaded & {"drizzlepac", "sqlalchemy", "astropy", "numpy"}


def test_a_file_that_is_not_there_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match=r"skyfile: there is no file sky\.txt") as missing:
        require_options({"skyfile": "sky.txt"})
    assert missing.value.exit_code == 4
