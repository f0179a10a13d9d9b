"""What the domain says of made cases: numbers and words stay what they were."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from skydb.domain.catalog import WithoutMotion
from skydb.domain.condition import Condition
from skydb.domain.delivery import DeliveryKey
from skydb.domain.grouping import Groupable, GroupBy, grouped
from skydb.domain.guards import Flag, GuardPolicy, listed
from skydb.domain.motion import MotionRecord, check_motion
from skydb.domain.trust import (
    FitCheck,
    TrustReport,
    check_clipped,
    check_jackknife,
    check_matches,
    check_rms,
    limited,
    overruled,
)
from skydb.domain.units import Conversion, common_unit, unit_of
from skydb.domain.vocabulary import (
    FindingKind,
    SkyUnit,
    TrustComponent,
)
from skydb.errors import SkydbError
from tests.keeping import assert_kept


def test_what_witnesses_say_is_what_they_said() -> None:
    geometries = ("shift", "rshift", "rscale", "general", "other")
    found = {
        "limited": [limited(0.25, one) for one in (0.0, 0.25, 0.2500001, 0.5, 5.0, float("nan"))],
        "matches": [check_matches(n, wanted) for n in (0, 1, 6, 12, 13) for wanted in (6, 25)],
        "rms": [
            check_rms(rms, n, name)
            for name in geometries
            for n in (0, 1, 2, 3, 10)
            for rms in (0.0, 0.2, 0.6)
        ],
        "jackknife": [check_jackknife(one) for one in (None, 0.0, 0.04, 0.05, 0.2)],
        "clipped": [check_clipped(b, n) for b in (None, 0, 5, 10) for n in (0, 5, 6, 10)],
    }
    assert_kept("witnesses", found)


def _witnesses() -> list[FitCheck]:
    scores = (None, 0.0, 0.49, 0.5, 0.69, 0.7, 0.71, 0.89, 0.9, 1.0)
    return [FitCheck(TrustComponent.RMS, score, "scatter", 0.3) for score in scores]


def test_reports_and_overrulings_are_what_they_were() -> None:
    found: dict[str, Any] = {}
    for cross in (None, 0.4, 0.89, 0.9):
        witness = FitCheck(TrustComponent.CROSS_MATCH, cross, "pairs")
        found[f"overruled by {cross}"] = [overruled(one, witness) for one in _witnesses()]
        for one in _witnesses():
            near = FitCheck(TrustComponent.NEIGHBOURS, 0.2, "others")
            for report in (TrustReport((one, witness)), TrustReport((one, witness, near))):
                found[f"{cross} {one.score} {len(report.checks)}"] = [
                    report.score, report.is_trusted, report.is_sure, report.objections,
                    report.weakest, len(report.with_check(one).checks),
                ]  # fmt: skip
    nobody = TrustReport(())
    found["nobody"] = [nobody.score, nobody.weakest, nobody.objections, nobody.is_sure]
    assert_kept("reports", found)


def _motions() -> list[MotionRecord]:
    times = [(None, None), (2016.0, None), (None, 2012.5), (2016.0, 2012.5), (2015.5, 2014.5),
             (2015.5, 2016.6)]  # fmt: skip
    return [
        MotionRecord(40, without, still, used, motion, error, treatment, by_rule)
        for without in (0, 9, 10, 40)
        for still, used in times
        for motion, error in ((None, None), (0.57, None), (0.572, 0.05), (30.0, 4.0))
        for treatment in (None, *WithoutMotion)
        for by_rule in (True, False)
    ]


def test_what_a_moving_field_means_is_what_it_meant() -> None:
    found = {
        str(number): [
            one.years, one.share, one.displacement_mas, one.matters, one.is_guess,
            one.sentence(), one.sentence(1.5), one.doubt(None), one.doubt(1.5), one.doubt(90.0),
            check_motion(one),
        ]
        for number, one in list(enumerate(_motions()))[::7]
    }  # fmt: skip
    found["unknown"] = [check_motion(None)]
    found["empty"] = [MotionRecord(0, 0, None, None).share]
    assert_kept("motions", found)


def test_a_motion_is_kept_with_its_years_and_its_displacement() -> None:
    for one in _motions():
        kept = one.as_parameters()
        assert (kept["years"], kept["displacement_mas"]) == (one.years, one.displacement_mas)


def test_a_field_matters_from_two_mas_or_beyond_a_year_on() -> None:
    def matters(years: float, motion: float | None) -> bool:
        return MotionRecord(9, 1, 2000.0, 2000.0 + years, motion).matters

    assert [matters(2.0, one) for one in (0.999, 1.0, 1.001)] == [False, True, True]
    assert [matters(one, None) for one in (1.0, -1.0, 1.001, -1.001)] == [False, False, True, True]
    assert not MotionRecord(9, 1, 2000.0, None).matters


def test_units_and_conversions_are_what_they_were() -> None:
    spelled = (
        None, "", " ", "ELECTRONS/S", "electron / sec", "COUNTS", "count/s", "DN", "dn/second",
        "Jy", "ELECTRONS/HOUR", "ELECTRONS", "/S",
    )  # fmt: skip
    found: dict[str, Any] = {str(one): unit_of(one) for one in spelled}
    told = ("ELECTRONS/S", "ELECTRONS", "COUNTS", "DN/S", "Jy", None)
    for three in itertools.combinations_with_replacement(told, 3):
        for exptime, gain in ((500.0, 2.5), (None, 2.5), (0.0, 2.5), (-1.0, 1.5), (0.5, None),
                              (9.0, 0.0), (9.0, -2.0)):  # fmt: skip
            conditions = {
                name: Condition(bunit=bunit, exptime_s=exptime, gain=gain)
                for name, bunit in zip("cab", three, strict=True)
            }
            common = common_unit(conditions)
            found[f"{three} {exptime} {gain}"] = [
                common.by_unit, common.conversions, common.obstacles
            ]  # fmt: skip
    for gain, factor in ((1.0, 1.0), (2.0, 1.0), (1.0, 500.0), (2.5, 0.002), (1.0, 0.5)):
        one = Conversion(SkyUnit.COUNT, SkyUnit.ELECTRON_PER_S, gain, factor)
        found[f"conversion {gain} {factor}"] = [one.factor, one.bunit, one.sentence]
    assert_kept("units", found)


def test_complaints_of_headers_are_what_they_were() -> None:
    cards = {
        "quality": (None, "", " ", "OK;", "LOCKLOST", "no good"),
        "expflag": (None, "NORMAL", "normal ", "INTERRUPTED", "EXTENDED"),
        "fgslock": (None, "FINE", "COARSE", "GYROS", "FINE/GYRO"),
        "guideact": (None, "FINE LOCK", "GYRO", "COARSE TRACK"),
        "mtflag": (None, "T", "t ", "F", ""),
        "scan_typ": (None, "N", "C", "D", "d", "X"),
        "ngoodpix": (None, 0, 1, -1),
        "exptime_s": (None, 0.0, -1.0, 0.001),
    }
    found = {}
    for card, values in cards.items():
        for value in values:
            one = Condition(**{card: value})  # type: ignore[arg-type]
            found[f"{card} {value}"] = [one.complaints, one.has_no_signal]
    assert_kept("complaints", found)


class _Delivered:
    def __init__(self, *cards: Any) -> None:
        self.cal_ver, self.date_written, self.opus_ver, self.idctab_date, own = cards
        self.is_own_name = own


def test_deliveries_compare_as_they_did() -> None:
    cards = itertools.product(
        (None, "3.5.0", "3.6.2(Mar-20-2021)", "v3.10 x"),
        (None, "2017-01-01", "2017-01-01T10:00:00", "01/02/99", "2018-05-06"),
        ("HSTDP 2016_1", "HSTDP 2017_3a"),
        (None, "2015-03-04", "2016-03-04"),
        (True, False),
    )
    keys = [DeliveryKey.of(_Delivered(*one)) for one in cards][::5]
    found = {
        str(n): [[one.compare(other), one < other, one.contradicts(other)] for other in keys]
        for n, one in enumerate(keys)
    }
    signs = {key: "".join("-0+"[row[0] + 1] for row in rows) for key, rows in found.items()}
    doubts = {f"{key} contradicts": "".join("ny"[row[2]] for row in rows)
              for key, rows in found.items()}  # fmt: skip
    assert all(row[1] == (row[0] < 0) for rows in found.values() for row in rows)
    assert_kept("deliveries", signs | doubts)


def test_exposures_are_grouped_as_they_were() -> None:
    minute = 1 / 1440
    exposures = [
        Groupable("d", "01", "M 42", 100.0, 100.0 + 5 * minute),
        Groupable("c", "01", " M 42 ", 100.0 + 44.99 * minute, None, 60.0),
        Groupable("b", "01", None, 100.0 + 86.01 * minute, None, None),
        Groupable("a", "01", "", None, None, 5.0),
        Groupable("e", "02", "  ", 100.0 + 126 * minute, 100.0 + 127 * minute),
        Groupable("f", "02", "M 43", 100.0 + 167.01 * minute),
        Groupable("g", "02", "M 43", 100.0 + 167.01 * minute, 100.0 + 300 * minute),
        Groupable("h", "02", "M 43", 100.0 + 330 * minute),
    ]
    found = {str(by): grouped(exposures, by) for by in GroupBy}
    for by in GroupBy:
        assert grouped(exposures[::-1], by) == found[str(by)]
    found["ends"] = {one.rootname: one.ends_mjd for one in exposures}  # type: ignore[dict-item]
    assert_kept("groups of exposures", found, rel=1e-9)
    known = [one for one in exposures if one.start_mjd and one.ends_mjd]
    seconds = {one.rootname: (one.ends_mjd or 0) - (one.start_mjd or 0) for one in known}
    assert {name: round(86400 * days) for name, days in seconds.items()} == {
        "d": 300, "c": 60, "b": 0, "e": 60, "f": 0, "g": 7979, "h": 0
    }  # fmt: skip


def test_names_are_listed_up_to_six() -> None:
    names = list("abcdefgh")
    assert listed(names[:5]) == "a, b, c, d, e"
    assert listed(names[:6]) == "a, b, c, d, e, f"
    assert listed(names[:7]) == "a, b, c, d, e, f and 1 more"
    assert listed(names) == "a, b, c, d, e, f and 2 more"


def test_a_policy_is_kept_without_what_was_left_out() -> None:
    assert GuardPolicy().as_parameters() == {}
    assert GuardPolicy.of(strict=True).as_parameters() == {"strict": True}
    both = GuardPolicy.of(allow=["quality", "mixed-units"])
    assert both.as_parameters() == {"allowed": ["mixed-units", "quality"]}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("cure", ["", "Do this."])
@pytest.mark.parametrize("allow", [(), ("quality",)])
def test_flags_are_judged_as_they_were(strict, refuses, cure, allow) -> None:
    flag = Flag(FindingKind.QUALITY, "a", "it is bad.", refuses, cure)
    other = Flag(FindingKind.ISLANDS, "b", "it is alone.")
    policy = GuardPolicy.of(strict=strict, allow=allow)
    is_left = bool(cure) or not allow
    try:
        left = policy.apply([flag, other], [{"rootname": "a"}])
    except SkydbError as error:
        assert strict or (refuses and is_left)
        assert "islands: b: it is alone." in str(error) or not strict
        assert ("quality: a: it is bad." in str(error)) == (is_left and (strict or refuses))
        if cure:
            assert error.advice == cure
        else:
            names = ["islands"] * strict + ["quality"] * (is_left and (strict or refuses))
            wanted = " ".join(f"--allow {name}" for name in names)
            assert error.advice == f"To run nevertheless: {wanted}."
        return
    assert not strict
    assert [one.subject for one in left] == ["a"] * is_left + ["b"]
