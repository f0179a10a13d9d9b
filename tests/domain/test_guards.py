from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import ProductVersion
from skydb.domain.condition import Condition
from skydb.domain.guards import GUARDS, GuardPolicy, flags_of
from skydb.domain.vocabulary import FindingKind, ProductKind
from skydb.errors import InputsRefusedError, UsageError
from tests.domain.shelves import ProductSet, accepted, chosen, delivery

NAMES = ("ibxl50iaq", "ibxl50ibq", "ibxl51icq")
SOUND = Condition(
    quality=None, expflag="NORMAL", fgslock="FINE", guideact="FINE LOCK", mtflag="F",
    scan_typ="N", ngoodpix=1000, exptime_s=500.0, gain=2.5, bunit="ELECTRONS/S",
)  # fmt: skip


def field(shelf: ProductSet, wcs_name: str = "IDC_w3m18525i-GSC240") -> list[ProductVersion]:
    return [shelf.add(delivery(name, condition=SOUND), wcs_name) for name in NAMES]


def guards(*versions: ProductVersion) -> set[FindingKind]:
    return {flag.guard for flag in flags_of(chosen(*versions))}


def in_condition(shelf: ProductSet, **cards: object) -> ProductVersion:
    condition = replace(SOUND, **cards)  # type: ignore[arg-type]
    return shelf.add(delivery(NAMES[0], condition=condition))


@pytest.mark.parametrize(
    "name", ["IDC_w3m18525i", "IDC_w3m18525i-GSC240", "IDC_w3m18525i-FIT_REL_GAIAeDR3", "OPUS"]
)
def test_a_field_in_one_frame_of_the_archive_is_quiet(name):
    assert guards(*field(ProductSet(), name)) == set()


def test_a_field_that_was_accepted_as_a_whole_is_quiet():
    assert guards(*map(accepted, field(ProductSet()))) == set()


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_alignment_is_mixed_when_some_but_not_all_were_moved(moved):
    versions = field(ProductSet())
    used = [
        accepted(one) if is_moved else one for one, is_moved in zip(versions, moved, strict=True)
    ]
    found = [one for one in flags_of(chosen(*used)) if one.guard is FindingKind.MIXED_ALIGNMENT]
    assert bool(found) == (any(moved) and not all(moved))
    for flag in found:
        left = {name for name, is_moved in zip(NAMES, moved, strict=True) if not is_moved}
        assert flag.refuses
        assert {name for name in NAMES if name in flag.message} == left


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("IDC_w3m18525i-GSC240", "IDC_w3m18525i-FIT_REL_GAIAeDR3"),
        ("IDC_w3m18525i", "IDC_w3m18525i-GSC240"),
        ("IDC_w3m18525i-FIT_REL_GSC242", "IDC_w3m18525i-FIT_REL_GAIAeDR3"),
        ("TWEAK", "IDC_w3m18525i"),
    ],
)
def test_different_frames_of_the_archive_are_flagged(name, other):
    shelf = ProductSet()
    versions = [
        shelf.add(delivery(rootname, condition=SOUND), own)
        for rootname, own in zip(NAMES, (name, name, other), strict=True)
    ]
    assert guards(*versions) == {FindingKind.MIXED_FRAMES}
    assert not any(flag.refuses for flag in flags_of(chosen(*versions)))


def test_a_sky_that_is_mirrored_against_the_others_is_flagged():
    versions = field(ProductSet())
    mirrored = versions[1].current_solution
    assert mirrored is not None and mirrored.chips
    for chip in mirrored.chips:
        chip.cd1_1_deg, chip.cd1_2_deg = -chip.cd1_1_deg, -chip.cd1_2_deg
    (flag,) = flags_of(chosen(*versions))
    assert flag.guard is FindingKind.MIXED_FRAMES
    assert f"matrices of {NAMES[1]} are mirrored against those of {NAMES[0]}" in flag.message


def test_releases_of_gaia_are_one_frame():
    shelf = ProductSet()
    names = ("FIT_REL_GAIAeDR3", "FIT_SVM_GAIADR2", "FIT_IMG_GAIAEDR3")
    versions = [
        shelf.add(delivery(rootname, condition=SOUND), f"IDC_w3m18525i-{name}")
        for rootname, name in zip(NAMES, names, strict=True)
    ]
    assert guards(*versions) == set()


def test_an_old_delivery_is_stale_and_the_new_one_is_not():
    shelf = ProductSet()
    new = shelf.add(delivery(NAMES[0], date_written="2023-01-01"))
    old = shelf.add(delivery(NAMES[0], date_written="2017-01-01"))
    assert guards(new) == set()
    (flag,) = flags_of(chosen(old))
    assert (flag.guard, flag.subject) == (FindingKind.STALE_INPUT, NAMES[0])
    assert "version 1 is of a newer archive version (3.5.0, 2023-01-01)" in flag.message
    assert guards(accepted(old)) == {FindingKind.STALE_INPUT}


def test_a_renamed_copy_is_not_said_to_be_of_an_older_delivery():
    shelf = ProductSet()
    own = shelf.add(delivery(NAMES[0], header_filename=f"{NAMES[0]}_flt.fits"))
    copy = shelf.add(delivery(NAMES[0], content="edited", header_filename="of_another_flt.fits"))
    assert guards(own) == set()
    (flag,) = flags_of(chosen(copy))
    assert flag.message == (
        "version 2 is used; version 1 has equal calibration (3.5.0, 2017-01-01) and is the one "
        "under the name of its header."
    )


def test_the_first_of_two_equal_deliveries_is_not_said_to_be_older():
    shelf = ProductSet()
    first = shelf.add(delivery(NAMES[0], content="one"))
    shelf.add(delivery(NAMES[0], content="other"))
    said = [one.message for one in flags_of(chosen(first))]
    assert any("version 2 has equal calibration" in one for one in said)
    assert not any("newer archive version" in one for one in said)


def test_deliveries_that_nothing_orders_are_flagged_as_tied():
    shelf = ProductSet()
    shelf.add(delivery(NAMES[0], content="one"))
    last = shelf.add(delivery(NAMES[0], content="other"))
    (flag,) = flags_of(chosen(last))
    assert flag.guard is FindingKind.TIED_DELIVERY
    assert f"{NAMES[0]}@1" in flag.message
    assert guards(accepted(last)) == {FindingKind.TIED_DELIVERY}
    assert guards(shelf.add(delivery(NAMES[1]))) == set()


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"quality": "GSFAIL"}, "QUALITY is GSFAIL"),
        ({"quality": "TDF-DOWN"}, "QUALITY is TDF-DOWN"),
        ({"expflag": "INTERRUPTED"}, "EXPFLAG is INTERRUPTED"),
        ({"expflag": "TDF-DOWN AT EXPSTART"}, "EXPFLAG is TDF-DOWN AT EXPSTART"),
        ({"fgslock": "GYROS"}, "FGSLOCK is GYROS"),
        ({"fgslock": "COARSE"}, "FGSLOCK is COARSE"),
        ({"guideact": "GYRO"}, "GUIDEACT is GYRO"),
        ({"mtflag": "T"}, "MTFLAG is T"),
        ({"scan_typ": "C"}, "SCAN_TYP is C"),
        ({"scan_typ": "D"}, "SCAN_TYP is D"),
    ],
)
def test_every_card_that_says_that_an_exposure_went_wrong_is_flagged(cards, said):
    (flag,) = flags_of(chosen(in_condition(ProductSet(), **cards)))
    assert (flag.guard, flag.subject, flag.refuses) == (FindingKind.QUALITY, NAMES[0], False)
    assert said in flag.message


@pytest.mark.parametrize(
    "cards", [{"ngoodpix": 0}, {"exptime_s": 0.0}, {"exptime_s": -1.0}], ids=str
)
def test_an_exposure_that_carries_no_signal_is_left_out_and_said(cards):
    (flag,) = flags_of(chosen(in_condition(ProductSet(), **cards)))
    assert flag.guard is FindingKind.NO_SIGNAL
    assert "left out" in flag.message


@pytest.mark.parametrize(
    "cards",
    [
        {"quality": "OK"}, {"quality": "  "}, {"expflag": "NORMAL "}, {"fgslock": None},
        {"guideact": ""}, {"mtflag": "F"}, {"mtflag": ""}, {"scan_typ": "N"}, {"ngoodpix": None},
    ],
    ids=str,
)  # fmt: skip
def test_cards_of_an_ordinary_exposure_are_quiet(cards):
    assert guards(in_condition(ProductSet(), **cards)) == set()


UNITS = ("ELECTRONS/S", "electron/s", "COUNTS/S")


def in_units(gain: float | None) -> list[ProductVersion]:
    shelf = ProductSet()
    return [
        shelf.add(delivery(name, condition=replace(SOUND, bunit=unit, gain=gain)))
        for name, unit in zip(NAMES, UNITS, strict=True)
    ]


def test_counts_beside_electrons_are_converted_and_said_however_they_are_spelled():
    versions = in_units(2.5)
    assert guards(*versions[:2]) == set()
    (flag,) = (one for one in flags_of(chosen(*versions)) if one.guard is FindingKind.MIXED_UNITS)
    assert (flag.subject, flag.refuses) == (NAMES[2], False)
    assert "multiplied by 2.5" in flag.message


def test_counts_without_a_gain_beside_electrons_are_refused():
    flags = [one for one in flags_of(chosen(*in_units(None))) if one.refuses]
    assert [one.guard for one in flags] == [FindingKind.MIXED_UNITS]
    assert f"{NAMES[2]} has no gain" in flags[0].message


@pytest.mark.parametrize("bunit", [None, "", "MJY/SR", "COUNTS"])
def test_units_that_cannot_be_converted_are_refused_whatever_is_allowed(bunit: str | None):
    shelf = ProductSet()
    sound = shelf.add(delivery(NAMES[0], condition=SOUND))
    other = shelf.add(
        delivery(NAMES[1], condition=replace(SOUND, bunit=bunit, gain=None, exptime_s=None))
    )
    flags = [one for one in flags_of(chosen(sound, other)) if one.refuses]
    assert len(flags) == 1
    policy = GuardPolicy.of(allow=["mixed-units"])
    with pytest.raises(InputsRefusedError, match="by themselves"):
        policy.apply(flags, [])


def test_conversions_can_be_allowed():
    flags = [one for one in flags_of(chosen(*in_units(2.5))) if not one.refuses]
    assert flags and GuardPolicy.of(allow=["mixed-units"]).apply(flags, []) == []


def test_flt_beside_flc_is_flagged():
    shelf = ProductSet()
    flc = shelf.add(delivery(NAMES[0], ProductKind.FLC, condition=SOUND))
    flt = shelf.add(delivery(NAMES[1], condition=SOUND))
    assert guards(flc, flt) == {FindingKind.MIXED_KINDS}
    assert guards(flc) == guards(flt) == set()


def test_what_stands_in_the_books_is_a_flag():
    (version, *_) = field(ProductSet())
    remarks = {version.subject: ["flag by somebody: a satellite crosses it"]}
    (flag,) = flags_of(chosen(version), remarks)
    assert (flag.guard, flag.subject) == (FindingKind.FLAGGED_INPUT, NAMES[0])
    assert "satellite" in flag.message


def test_strict_refuses_every_flag_and_allow_silences_one():
    bad = in_condition(ProductSet(), quality="GSFAIL")
    flags, table = flags_of(chosen(bad)), [one.as_row() for one in chosen(bad)]
    assert GuardPolicy.of().apply(flags, table) == flags
    with pytest.raises(InputsRefusedError, match="QUALITY is GSFAIL") as refused:
        GuardPolicy.of(strict=True).apply(flags, table)
    assert [row["rootname"] for row in refused.value.rows] == [NAMES[0]]
    assert "--allow quality" in str(refused.value.advice)
    policy = GuardPolicy.of(strict=True, allow=["quality"])
    assert policy.apply(flags, table) == []
    assert policy.as_parameters() == {"strict": True, "allowed": ["quality"]}


def test_a_guard_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UsageError, match="Unknown guard qualty") as refused:
        GuardPolicy.of(allow=["qualty"])
    assert all(guard.value in str(refused.value.advice) for guard in GUARDS)
