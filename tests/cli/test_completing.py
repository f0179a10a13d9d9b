"""Completion of command lines: values of options that take one of a few words."""

from __future__ import annotations

import pytest
from typer._completion_classes import BashComplete

import skydb
from skydb.api.choices import CHOICES, choices
from skydb.api.pictures import Display
from skydb.cli.app import command_tree
from tests.cli.tree import leaves

#: Texts of which nobody can list the words without a ledger, or at all.
FREE = {
    *("selected_visit", "selected_target", "selected_filter", "selected_proposal"),
    *("selected_exposure", "selected_exclude", "selected_as_of", "file_version", "file"),
    *("tiles", "filter_", "target", "program", "only", "obs_id", "instrument", "option", "gone"),
    *("statement", "overlapping", "polygon", "host", "what", "title", "source", "role", "name"),
    *("password_env", "products", "old", "new", "why", "author", "refcat", "since", "final_bits"),
    *("executor", "older_than", "subject", "text", "label", "began", "ended", "sql"),
}


def offered(line: str) -> list[str]:
    """Words that a shell offers for the last one of a line."""
    *words, incomplete = line.split(" ")
    shell = BashComplete(command_tree(), {}, "skydb", "_SKYDB_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sky run --method g", ["globalmin+match", "globalmin"]),
        ("sky run --method localmin,m", ["localmin,match"]),
        ("sky run --method localmin,local", []),
        ("sky run --engine ", ["astrodrizzle", "skydb"]),
        ("sky run --each ", ["visit", "target", "proposal"]),
        ("sky run --preset t", ["tutorial"]),
        ("sky run --detector ", ["IR", "UVIS", "WFC", "HRC", "SBC"]),
        ("sky run --allow is", ["islands"]),
        ("sky stats --by d", ["detector"]),
        ("sky stats --method us", ["user"]),
        ("sky timeline --against ", ["observed", "processed"]),
        ("sky display 4 --stretch ", ["asinh", "linear"]),
        ("align run --what ", ["drizzled", "exposures", "group"]),
        ("align run --group-by o", ["orbit"]),
        ("align run --fitgeometry r", ["rshift", "rscale"]),
        ("align run --flavour s", ["svm", "skydb"]),
        ("drizzle --method glo", ["globalmin+match", "globalmin"]),
        ("simulate field --detector u", ["uvis"]),
        ("simulate field --kind ne", ["nebula"]),
        ("demo --detector W", ["WFC"]),
        ("archive serve field --misbehave tr", ["truncated"]),
        ("fetch --products FLT,DR", ["FLT,DRZ", "FLT,DRC"]),
        ("fetch --project hap-s", ["hap-svm"]),
        ("status --by ", ["visit", "program"]),
        ("todo --rule never", ["never-matched"]),
        ("books ignore bxl50 never", ["never-matched"]),
        ("books list --kind fl", ["flag"]),
        ("runs list --kind sk", ["sky-run"]),
        ("runs list --status f", ["failed"]),
        ("preset show ", ["tutorial", "hap", "default"]),
        ("refcat import a.csv --without-motion ", ["keep", "drop", "bulk"]),
        ("db backup a --kind ", ["sqlite", "dump"]),
        ("inspect wcs --kind dr", ["drz", "drc"]),
        ("export table a.csv --view v_activ", ["v_activities"]),
        ("export footprints a.png --kind fl", ["flt", "flc"]),
    ],
)
def test_a_shell_completes_values_of_options(line: str, words: list[str]) -> None:
    assert offered(line) == words


def test_texts_that_are_not_completed_are_free() -> None:
    others = {
        one.name
        for leaf in leaves()
        for one in leaf.spec.params
        if type(one.type).__name__ == "StringParamType"
        and one._custom_shell_complete is None
        and not getattr(one, "hidden", False)
    }
    assert others == FREE


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("runs --ki", ["--kind"]),
        ("runs --kind sk", ["sky-run"]),
        ("runs sh", ["show"]),
        ("--json --db a.sqlite runs --kind sk", ["sky-run"]),
        ("runs --db a.sqlite show --wi", ["--wide"]),
        ("export a.csv --view v_activ", ["v_activities"]),
        ("export fo", ["footprints"]),
        ("sky compare --qu", ["--quiet"]),
    ],
)
def test_a_line_is_completed_however_it_is_written(line: str, words: list[str]) -> None:
    assert offered(line) == words


def test_words_that_no_vocabulary_has_are_understood() -> None:
    for geometry in choices("geometry"):
        assert skydb.TweakRegSettings(fitgeometry=geometry).fitgeometry == geometry
    for stretch in choices("stretch"):
        assert Display.of(None, None, stretch, None, keep_level=False).stretch == stretch
    assert all(words for words in map(choices, CHOICES))
