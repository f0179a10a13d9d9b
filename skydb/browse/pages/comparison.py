"""Runs side by side: their skies, parameters and mosaics."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from skydb.browse import links
from skydb.browse.asking import Row, places
from skydb.browse.blocks import Page, Part, Table, Text, columns_of
from skydb.browse.here import Here, number_of
from skydb.browse.pages.runs import has_picture, mosaic_pictures
from skydb.browse.pages.shared import RUNS, missing, plural
from skydb.report.tables import Column, Tone

#: Runs that fit side by side.
MOST = 6
#: Chips that are compared on the page.
_CHIPS = 300


def comparison(here: Here) -> Page:
    """Compare the sky runs that the address names."""
    asked = [number_of(word.strip()) for word in here.words.get("run", ())]
    named = list(dict.fromkeys(number for number in asked if number is not None))
    numbers, more = named[:MOST], named[MOST:]
    rows = _runs(here, numbers)
    known = {row["run_id"] for row in rows}
    unknown = [number for number in numbers if number not in known]
    if unknown:
        advice = "Choose runs in the list of runs."
        return missing(f"There is no sky run {unknown[0]}.", advice, "/runs")
    trail = (("Ledger", "/"), ("Runs", "/runs?kind=sky-run"))
    if len(rows) < 2:
        lead = "Choose two to six sky runs in a list of runs, and press Compare."
        return Page("Comparison", lead, (), trail, area="/runs")
    chips = _chips(here, numbers)
    skies = _skies(numbers, rows, chips)
    parts = (
        Part("Runs", (*_left_out(more), _facts(rows))),
        Part("Skies", (*_summary(numbers, chips), skies)),
        Part("Mosaics", _mosaics(here, rows)),
        Part("Parameters", (_parameters(here, numbers),)),
    )
    title = f"Comparison of runs {', '.join(map(str, numbers))}"
    lead = "Differences are taken from the first run, chip by chip."
    return Page(title, lead, parts, trail, area="/runs")


def _left_out(numbers: Sequence[int]) -> tuple[Text, ...]:
    said = f"{MOST} runs fit side by side; left out: run {', '.join(map(str, numbers))}."
    return (Text((said,), Tone.WARNING),) if numbers else ()


def _runs(here: Here, numbers: Sequence[int]) -> list[Row]:
    if not numbers:
        return []
    rows = here.asking.rows(
        "SELECT r.*, s.engine, s.requested_method, s.effective_method, m.naxis1_pix,"
        " m.naxis2_pix, m.science_path, a.tool_version FROM"
        f" ({RUNS} AND a.id IN ({places(numbers)})) r JOIN sky_runs s ON s.id = r.run_id"
        " JOIN activities a ON a.id = r.run_id LEFT JOIN mosaics m ON m.run_id = r.run_id",
        *numbers,
    )
    return sorted(rows, key=lambda row: numbers.index(row["run_id"]))


def _facts(rows: Sequence[Row]) -> Table:
    names = ("run_id", "method", "requested_method", "downgraded", "engine", "status",
             "started_at", "tool_version", "about")  # fmt: skip
    return Table("Runs", "The runs that are compared.", columns_of(*names), rows)


def _chips(here: Here, numbers: Sequence[int]) -> dict[tuple[str, int], dict[int, Row]]:
    """Sky values by chip, and by run."""
    rows = here.asking.rows(
        "SELECT run_id, rootname, extver, mdrizsky, mdrizsky_sigma, unit, version"
        f" FROM v_sky_values WHERE run_id IN ({places(numbers)})"
        " ORDER BY rootname, extver LIMIT 20000",
        *numbers,
    )
    chips: dict[tuple[str, int], dict[int, Row]] = {}
    for row in rows:
        chips.setdefault((row["rootname"], row["extver"]), {})[row["run_id"]] = row
    return chips


def _skies(
    numbers: Sequence[int], runs: Sequence[Row], chips: dict[tuple[str, int], dict[int, Row]]
) -> Table:
    first, *others = numbers
    columns = [*columns_of("rootname", "extver", "unit")]
    for row in runs:
        title = f"{row['method']}, run {row['run_id']}"
        columns.append(Column(f"sky_{row['run_id']}", title, format=".6f"))
    columns += [
        Column(f"less_{other}", f"run {other} - run {first}", format="+.6f") for other in others
    ]
    rows = [_row(chip, values, numbers) for chip, values in list(chips.items())[:_CHIPS]]
    note = f"The first {_CHIPS} of {len(chips):,} chips." if len(chips) > _CHIPS else ""
    keeps = tuple(f"sky_{number}" for number in numbers)
    return Table("Skies", "MDRIZSKY of each chip in each run.", columns, rows, note, keeps=keeps)


def _row(chip: tuple[str, int], values: dict[int, Row], numbers: Sequence[int]) -> Row:
    units = {one["unit"] for one in values.values()}
    row: dict[str, Any] = {
        "rootname": chip[0],
        "extver": chip[1],
        "unit": units.pop() if len(units) == 1 else "differs",
        **{f"sky_{number}": one["mdrizsky"] for number, one in values.items()},
    }
    for other in numbers[1:]:
        row[f"less_{other}"] = _less(values.get(other), values.get(numbers[0]))
    return row


def _less(one: Row | None, other: Row | None) -> float | None:
    """Difference of two values in one unit."""
    if one is None or other is None or one["unit"] != other["unit"]:
        return None
    if one["mdrizsky"] is None or other["mdrizsky"] is None:
        return None
    return float(one["mdrizsky"]) - float(other["mdrizsky"])


def _summary(
    numbers: Sequence[int], chips: dict[tuple[str, int], dict[int, Row]]
) -> tuple[Text | Table, ...]:
    """Say how far each run is from the first, and which chips only some have."""
    rows = []
    for other in numbers[1:]:
        found = [_less(one.get(other), one.get(numbers[0])) for one in chips.values()]
        known = sorted(one for one in found if one is not None)
        if known:
            rows.append({
                "run": other, "chips": len(known), "least": known[0],
                "median": median(known), "greatest": known[-1],
            })  # fmt: skip
    partial = sum(len(one) < len(numbers) for one in chips.values())
    texts = []
    if partial:
        verb = "is" if partial == 1 else "are"
        said = f"{plural(partial, 'chip')} of {len(chips):,} {verb} not in every run."
        texts.append(Text((said,), Tone.WARNING))
    columns = (
        Column("run"), Column("chips"), Column("least", format="+.6f", beside=""),
        Column("median", format="+.6f", beside=""), Column("greatest", format="+.6f", beside=""),
    )  # fmt: skip
    caption = f"Value in the run less that in run {numbers[0]}, over all chips of both."
    return (*texts, Table("Differences", caption, columns, rows))


def _mosaics(here: Here, rows: Sequence[Row]) -> tuple[Any, ...]:
    having = [row for row in rows if row["has_mosaic"] and has_picture(here, row)]
    lacking = [str(row["run_id"]) for row in rows if row not in having]
    text = f"Without a picture: run {', '.join(lacking)}."
    said = (Text((text,)),) if lacking else ()
    return (mosaic_pictures(having), *said) if having else said


def _parameters(here: Here, numbers: Sequence[int]) -> Table:
    given: dict[str, dict[int, object]] = {}
    for number in numbers:
        for one in here.services.runs.parameters(number):
            given.setdefault(one["name"], {})[number] = one["value"]
    rows = [
        {"name": name, **{f"run_{number}": _said(values.get(number)) for number in numbers}}
        for name, values in sorted(given.items())
        if len({str(values.get(number)) for number in numbers}) > 1
    ]
    keeps = tuple(f"run_{number}" for number in numbers)
    heads = [Column(f"run_{number}", f"run {number}", wraps=True) for number in numbers]
    caption = "Parameters that are not alike; empty for the default."
    return Table("Parameters that differ", caption, [Column("name"), *heads], rows, keeps=keeps)


def _said(value: object) -> str | None:
    return None if value is None else str(value)


def find(here: Here) -> Page | str:
    """Give the address of what is named, or a page that says that there is none."""
    from skydb.browse.pages.overview import search

    asked = here.word("q")
    words = asked.lower().removeprefix("run:").removeprefix("run ").strip()
    if number_of(words) is not None and not here.asking.first(
        "SELECT 1 AS there FROM exposures WHERE target_name = ?", asked
    ):
        return links.run(words)
    if here.asking.first("SELECT 1 AS there FROM exposures WHERE rootname = ?", words[:9]):
        return links.exposure(words[:9])
    visit = "SELECT 1 AS there FROM visits WHERE program = ? AND number = ?"
    if len(words) == 5 and here.asking.first(visit, words[:3], words[3:]):
        return links.visit(words)
    near = [one for one in here.facts.fields if one.target and words in one.target.lower()]
    exact = [one for one in near if one.target and one.target.lower() == asked.lower()]
    if asked and (exact or len(near) == 1):
        return links.field((exact or near)[0].target)
    rows = [
        {"field": one.target, "field_href": links.field(one.target), "exposures": one.exposures}
        for one in near[:100]
    ]
    table = Table("Fields", "Targets that contain it.", columns_of("field", "exposures"), rows)
    title, lead = f"Several fields match {asked!r}", ""
    if not asked:
        title, lead = "Find", "Give a rootname, a visit, the number of a run, or a target."
    elif not rows:
        title, lead = "Not found", f"Nothing on record is called {asked!r}."
    return Page(title, lead, (Part("Fields", (table,)),), (("Ledger", "/"),),
                404 if asked and not rows else 200, "/", head=(search(asked),))  # fmt: skip
