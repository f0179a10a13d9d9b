"""Sources of a catalogue at the epoch of a product, also those that nobody saw move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.domain.catalog import CatalogUse, WithoutMotion
from skydb.domain.motion import MATTERS_MAS, MotionRecord, check_motion
from skydb.domain.trust import TRUST_FLOOR
from skydb.errors import UsageError
from skydb.files.catalog import CatalogTable
from skydb.services.catalogs.epochs import epoch_doubt
from skydb.services.catalogs.usage import LEAST_LEFT, UsableCatalog
from skydb.sky.geometry import separations_mas

N = 100
PLACES = [(85.26, -2.46), (0.0, 1e-3), (359.9999, 70.0), (120.0, 89.98), (30.0, -89.98)]
places = st.sampled_from(PLACES)
rates = st.floats(0.0, 60.0)
turns = st.floats(0.0, 2 * np.pi)
epochs = st.floats(1996.0, 2030.0)


def cluster(
    place: tuple[float, float], rate: float, turn: float, still: int
) -> tuple[UsableCatalog, CatalogTable]:
    """A cluster at 2016.0 that moves as one, some of whose motions are not known; and the truth."""
    rng = np.random.default_rng(6)
    dec = place[1] + rng.uniform(-0.01, 0.01, N)
    ra = (place[0] + rng.uniform(-0.01, 0.01, N) / np.cos(np.radians(dec))) % 360.0
    lead = UsableCatalog(CatalogTable(
        ra, dec, 2016.0, np.full(N, rate * np.cos(turn)), np.full(N, rate * np.sin(turn))
    ), None, 2016.0)  # fmt: skip
    # One motion in space: near a pole it is another one in RA and Dec for every source.
    assert lead.motion is not None
    east, north = lead.motion.at(lead.table.radec_deg)
    truth = replace(lead.table, pm_ra_mas_yr=east, pm_dec_mas_yr=north)
    unknown = np.arange(N) < still
    seen = replace(
        truth,
        pm_ra_mas_yr=np.where(unknown, np.nan, east),
        pm_dec_mas_yr=np.where(unknown, np.nan, north),
    )
    return UsableCatalog(seen, None, 2016.0), truth


def error_mas(table: CatalogTable, truth: CatalogTable, chosen: np.ndarray) -> float:
    """Distance of the mean of the sources from the truth, which shifts a fit."""
    apart = table.radec_deg - truth.radec_deg[chosen]
    apart[:, 0] = (apart[:, 0] + 180.0) % 360.0 - 180.0
    apart[:, 0] *= np.cos(np.radians(truth.dec_deg[chosen]))
    return float(np.hypot(*apart.mean(axis=0)) * 3.6e6)


@settings(max_examples=25)
@given(places, rates, turns, st.integers(0, N), epochs)
def test_by_default_a_fit_is_pulled_by_less_than_matters_or_is_flagged(
    place, rate, turn, still, epoch
) -> None:
    usable, truth = cluster(place, rate, turn, still)
    placed, there = usable.at(epoch), truth.at_epoch(epoch)
    known = np.arange(N) >= still
    chosen = known if placed.record.treatment is WithoutMotion.DROP else np.ones(N, dtype=bool)
    pull = error_mas(placed.table, there, chosen)
    flagged = epoch_doubt(placed.record, epoch, epoch, 10.0) is not None
    years = abs(epoch - 2016.0)
    if still < N:
        assert pull < MATTERS_MAS + 0.01
        assert len(placed.table) >= LEAST_LEFT
    elif years > 1.0:
        assert flagged
        assert check_motion(placed.record).score == 0.7


@settings(max_examples=25)
@given(places, rates, turns, st.integers(1, N - 1), epochs)
def test_what_is_kept_is_flagged_as_soon_as_it_matters_and_costs_trust(
    place, rate, turn, still, epoch
) -> None:
    usable, truth = cluster(place, rate, turn, still)
    placed = replace(usable, policy=WithoutMotion.KEEP).at(epoch)
    there, everything = truth.at_epoch(epoch), np.ones(N, dtype=bool)
    pull = error_mas(placed.table, there, everything)
    displacement = placed.record.displacement_mas
    moved = float(np.median(separations_mas(truth.radec_deg, there.radec_deg)))
    assert displacement == pytest.approx(moved, rel=0.01, abs=0.01)
    doubt = epoch_doubt(placed.record, epoch, epoch, 10.0)
    assert (doubt is not None) == (displacement >= MATTERS_MAS)
    if doubt is not None:
        assert f"{still} of {N} sources have no proper motion and were kept" in doubt
        assert f"{displacement:.1f} mas" in doubt and "RMS of the fit is 10.0 mas" in doubt
    score = check_motion(placed.record).score
    if pull > 11.0:
        assert score is not None and score < TRUST_FLOOR
    if pull < 4.5:
        assert score in (None, 1.0)


@settings(max_examples=25)
@given(places, rates, turns, st.integers(1, N - 5), epochs)
def test_in_bulk_every_source_of_a_cluster_comes_to_its_place(
    place, rate, turn, still, epoch
) -> None:
    usable, truth = cluster(place, rate, turn, still)
    placed = replace(usable, policy=WithoutMotion.BULK).at(epoch)
    apart = separations_mas(placed.table.radec_deg, truth.at_epoch(epoch).radec_deg)
    assert apart.max() < 0.05
    assert placed.record.treatment is WithoutMotion.BULK


@settings(max_examples=25)
@given(places, rates, turns, st.integers(1, N - 1), epochs)
def test_what_is_dropped_is_gone_and_the_rest_is_in_its_place(
    place, rate, turn, still, epoch
) -> None:
    usable, truth = cluster(place, rate, turn, still)
    placed = replace(usable, policy=WithoutMotion.DROP).at(epoch)
    known = np.arange(N) >= still
    there = truth.at_epoch(epoch).subset(known)
    np.testing.assert_array_equal(placed.table.radec_deg, there.radec_deg)
    assert check_motion(placed.record).score is None


@pytest.mark.parametrize(
    ("still", "rms_mas", "is_said"),
    [(45, 5.0, True), (45, 130.0, False), (20, 5.0, False), (25, 99.0, True)],
)
def test_that_sources_were_dropped_is_said_when_they_are_many_and_would_have_been_far_off(
    still, rms_mas, is_said
) -> None:
    usable, _ = cluster(PLACES[0], 25.0, 0.6, still)
    placed = usable.at(2012.0)
    doubt = epoch_doubt(placed.record, 2012.0, 2012.0, rms_mas)
    assert (doubt is not None) == is_said
    assert placed.record.treatment is WithoutMotion.DROP
    if doubt:
        assert f"{still} of 100 sources have no proper motion and were dropped" in doubt
        assert "25.0 mas a year, 100.0 mas in the 4.00 years between 2016.00 and 2012.00" in doubt


def test_too_few_that_move_are_not_all_that_is_left() -> None:
    usable, _ = cluster(PLACES[0], 25.0, 0.6, N - LEAST_LEFT + 1)
    placed = usable.at(2012.0)
    assert (placed.record.treatment, placed.record.by_rule) == (WithoutMotion.BULK, True)
    assert len(placed.table) == N
    doubt = epoch_doubt(placed.record, 2012.0, 2012.0, 900.0)
    assert doubt is not None and "moved in bulk" in doubt
    assert usable.at(2015.99).record.treatment is WithoutMotion.KEEP


@pytest.mark.parametrize("policy", [WithoutMotion.DROP, WithoutMotion.BULK])
def test_without_any_motion_there_is_nothing_to_drop_or_move_by(policy) -> None:
    usable, _ = cluster(PLACES[0], 25.0, 0.6, N)
    with pytest.raises(UsageError, match="No source of the catalogue has a proper motion"):
        replace(usable, policy=policy).require_sense()
    kept = replace(usable, policy=policy).at(2012.0).record
    assert (kept.treatment, kept.by_rule) == (WithoutMotion.KEEP, True)


def test_all_without_motion_is_flagged_in_true_words() -> None:
    record = cluster(PLACES[0], 25.0, 0.6, N)[0].at(2012.0).record
    doubt = epoch_doubt(record, 2012.0, 2012.0, 5.0)
    assert doubt == (
        "None of the 100 sources has a proper motion; they were kept where they were in 2016.00: "
        "how far the field moved in the 4.00 years between 2016.00 and 2012.00 is not known."
    )


@pytest.mark.parametrize("policy", [None, WithoutMotion.BULK, WithoutMotion.DROP])
def test_sources_that_a_service_could_not_move_are_of_its_own_epoch(policy) -> None:
    """The service moved what it could to 2012.0, and the others are where they were in 2016.0."""
    usable, truth = cluster(PLACES[0], 25.0, 0.6, 30)
    answer = UsableCatalog(usable.table.at_epoch(2012.0), policy, 2016.0)
    placed = answer.at(2012.0)
    assert placed.record.displacement_mas == pytest.approx(100.0, abs=0.1)
    there = truth.at_epoch(2012.0)
    if policy is WithoutMotion.BULK:
        assert separations_mas(placed.table.radec_deg, there.radec_deg).max() < 0.05
    else:
        assert placed.record.treatment is WithoutMotion.DROP
        assert len(placed.table) == 70


@pytest.mark.parametrize("record", [None, MotionRecord(9, 0, 2016.0, 2012.0, 25.0)])
def test_a_catalogue_in_which_everything_moves_leaves_nothing_to_say(record) -> None:
    assert check_motion(record).score is None
    assert record is None or epoch_doubt(record, 2012.0, 2012.0, 1.0) is None


def test_a_record_has_its_years_in_its_parameters() -> None:
    record = cluster(PLACES[0], 25.0, 0.6, 45)[0].at(2012.0).record
    told = record.as_parameters()
    assert told["treatment"] == "drop"
    assert (told["years"], told["sources"], told["without_motion"]) == (-4.0, 100, 45)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"without_motion": "throw"}, "Invalid choice 'throw'"),
        ({"mag_min": 20.0, "mag_max": 18.0}, "No magnitude is between 20 and 18"),
        ({"mag_max": float("nan")}, "not a magnitude"),
    ],
)
def test_a_use_that_makes_no_sense_is_refused(words, what) -> None:
    with pytest.raises(UsageError, match=what):
        CatalogUse.of(**words)


def test_magnitudes_cut_at_both_ends_and_leave_out_what_has_none() -> None:
    mag = np.array([15.0, 18.0, 20.0, np.nan])
    table = CatalogTable(np.arange(4.0), np.arange(4.0), 2016.0, mag=mag)
    kept = UsableCatalog.made(table, CatalogUse(None, 18.0, 20.0)).table
    np.testing.assert_array_equal(kept.ra_deg, [1.0, 2.0])
    np.testing.assert_array_equal(table.within(None, 18.0).ra_deg, [0.0, 1.0])
    assert len(table.within(None, None)) == 4
    with pytest.raises(UsageError, match=r"magnitude of 21\.0 to \.\.\."):
        table.within(21.0, None)
    with pytest.raises(UsageError, match="no magnitudes"):
        replace(table, mag=None).within(21.0, None)
