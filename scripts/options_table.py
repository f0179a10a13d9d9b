"""Write docs/options.md from drizzlepac's specification and what skydb does with it.

PYTHONPATH=. .venv/bin/python -m scripts.options_table
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skydb.drizzle.onepass_limits import Manner, limit_of, manner_of, rejecting_limit_of
from skydb.drizzle.optionfiles import FILE_OPTIONS
from skydb.drizzle.optionranges import range_of
from skydb.drizzle.options import OWNED
from skydb.drizzle.optionspec import SETS, OptionSpec, Tool, specification, specification_of
from skydb.drizzle.presets import ObservingMode, flags_of
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
from skydb.services.skies.engines.statistic import sky_limit_of

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "options.md"

_HEAD = """# Options of AstroDrizzle and TweakReg

Written by `python -m scripts.options_table` from drizzlepac's own specification; a test
compares. `-o NAME=VALUE` of `skydb sky run` takes the options of AstroDrizzle, that of `skydb
align run` those of TweakReg; in Python they are `options={"NAME": VALUE}`.

* Types are drizzlepac's. `True`, `yes` and `1` are the same, and so are `None`, `INDEF` and
  nothing. A name or a value that does not fit is exit code 2, before anything starts; so is a
  number outside the range that the table has, for which drizzlepac has no message.
* Names have no section: `skysub`, not `STEP 2: SKY SUBTRACTION.skysub`, as in drizzlepac.
* An option is kept once with its run, with the value that ran.
* A file that an option names is looked for from the current directory, with what it lists
  when it is a list; it is copied to the scratch directory, and its SHA-256 is part of the
  recipe: a changed file is another run, another path is not.
* Before anything starts the file is looked into: an extension that is not there, an image
  without a WCS, a list that is empty and a line that would be dropped are exit code 2, with
  the extensions that there are or the number of the line; a file that is not there is 4.
  A file of skies may have lines for other exposures of the ledger.
* `fitgeometry` left out is chosen by the matches ([trust.md](trust.md)); `rshift` is allowed,
  too: TweakReg fits `rscale` then, with the scale held at one.
* `final_refimage` is a grid of its own: numbers for a grid beside it are refused.
* `skysub=False`, `skysub=False skyuser=KEYWORD` and `skyfile=FILE` give skies: the run is of
  the method `none` or `user`, and keeps where its values come from. AstroDrizzle subtracts
  those of a file, unless a comment of the file says `# applied = yes`, and those of
  MDRIZSKY; a value of another keyword has been subtracted already.
* Without a preset the flags are HAP's for the detector, and north is up. `--preset tutorial`
  has the options of the STScI notebook, `--preset hap` those of the archive's mosaics by
  detector and number of exposures; `skydb preset set` makes others. What is given by name
  wins over a preset. All presets are of AstroDrizzle; HAP fits without TweakReg.

The engine skydb makes a mosaic only when it can follow every option; else AstroDrizzle does,
and a finding says so. Without mosaics (`--no-mosaic`) what it cannot follow is refused.
"""


def document() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            *_astrodrizzle(),
            "",
            *_tweakreg(),
            "",
        ]
    )


def _astrodrizzle() -> list[str]:
    flags = flags_of(ObservingMode("", ""))
    usual = AstroDrizzleSettings().completed(flags).as_parameters()
    by_detector = dict.fromkeys(flags, "by detector")
    lines = [
        "## AstroDrizzle",
        "",
        "| option | step | type | drizzlepac's default | skydb's | engine skydb |",
        "|---|---|---|---|---|---|",
    ]
    for spec in specification(Tool.ASTRODRIZZLE).values():
        ours = by_detector.get(spec.name) or _plain(usual.get(spec.name, ""))
        lines.append(
            f"| `{spec.name}` | {spec.section.title()} | {_type(Tool.ASTRODRIZZLE, spec)} "
            f"| {_plain(spec.default)} | {ours} | {_engine(spec.name)} |"
        )
    return lines


def _engine(name: str) -> str:
    if name in OWNED[Tool.ASTRODRIZZLE]:
        return "set by skydb"
    manner = manner_of(name)
    limit = sky_limit_of(name) if manner is Manner.SKY else limit_of(name)
    if limit is not None:
        return _limited(*limit)
    limit = rejecting_limit_of(name)
    if limit is not None:
        return _limited(*limit, where=" where cosmic rays are rejected")
    return manner.value if manner else "AstroDrizzle does it"


def _limited(allowed: Sequence[object], reason: str, where: str = "") -> str:
    texts = dict.fromkeys(f"`{_plain(value) or 'nothing'}`" for value in allowed)
    return f"only {' or '.join(texts)}{where}: {reason}"


def _tweakreg() -> list[str]:
    usual = TweakRegSettings().as_parameters()
    lines = [
        "## TweakReg",
        "",
        "Options of source finding (`imagefindcfg`) can be given by their own names.",
        "",
        "| option | set | type | drizzlepac's default | skydb's |",
        "|---|---|---|---|---|",
    ]
    known = {"": specification(Tool.TWEAKREG)}
    known |= {name: specification_of(task) for name, task in SETS.items()}
    for group, specs in known.items():
        ours = usual.get(group, {}) if group else usual
        for spec in specs.values():
            mine = "set by skydb" if spec.name in OWNED[Tool.TWEAKREG] and not group else ""
            value = mine or _plain(ours.get(spec.name, "") if isinstance(ours, dict) else "")
            lines.append(
                f"| `{spec.name}` | {group or spec.section.title()} "
                f"| {_type(Tool.TWEAKREG, spec)} | {_plain(spec.default)} | {value} |"
            )
    return lines


def _type(tool: Tool, spec: OptionSpec) -> str:
    if spec.name in FILE_OPTIONS[tool]:
        return "file"
    words = ", ".join(spec.choices) if spec.choices else spec.kind.value
    limits = range_of(spec.name)
    words += f" {limits}" if limits else ""
    return f"{words}, or None" if spec.allows_none else words


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ""
    return "" if value is None else str(value).replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
