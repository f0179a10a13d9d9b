"""Groups of exposures: by visit, target and orbit, whatever their order."""

from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.grouping import Groupable, GroupBy, grouped

_MINUTE = 1.0 / 1440.0


def _exposure(name: str, start_min: float, *, target: str | None = "M31") -> Groupable:
    start = 56000.0 + start_min * _MINUTE
    return Groupable(name, name[:5], target, start, start + 10 * _MINUTE, 600.0)


def test_exposures_of_one_visit_are_one_group() -> None:
    found = grouped([_exposure("bxl50a", 0), _exposure("bxl51a", 5)], GroupBy.VISIT)

    assert found == {"bxl50": ["bxl50a"], "bxl51": ["bxl51a"]}


def test_a_target_may_have_several_visits_and_no_target_means_the_visit() -> None:
    exposures = [
        _exposure("bxl50a", 0),
        _exposure("bxl51a", 5),
        _exposure("bxl52a", 9, target=None),
        _exposure("bxl53a", 9, target=" "),
    ]

    found = grouped(exposures, GroupBy.TARGET)

    assert found == {"M31": ["bxl50a", "bxl51a"], "bxl52": ["bxl52a"], "bxl53": ["bxl53a"]}


def test_a_pause_of_more_than_forty_minutes_begins_an_orbit() -> None:
    # They last ten minutes: the pauses are 39 and 41 minutes.
    exposures = [_exposure("bxl50a", 0), _exposure("bxl50b", 49), _exposure("bxl50c", 100)]

    found = grouped(exposures, GroupBy.ORBIT)

    assert found == {"bxl50-1": ["bxl50a", "bxl50b"], "bxl50-2": ["bxl50c"]}


def test_an_orbit_that_is_the_whole_visit_has_its_name() -> None:
    found = grouped([_exposure("bxl50a", 0), _exposure("bxl50b", 12)], GroupBy.ORBIT)

    assert found == {"bxl50": ["bxl50a", "bxl50b"]}


def test_exposures_of_unknown_time_stay_in_the_first_orbit() -> None:
    unknown = Groupable("bxl50z", "bxl50")

    found = grouped([_exposure("bxl50a", 0), unknown, _exposure("bxl50b", 200)], GroupBy.ORBIT)

    assert found == {"bxl50-1": ["bxl50z", "bxl50a"], "bxl50-2": ["bxl50b"]}


def test_an_end_that_is_not_known_follows_from_the_exposure_time() -> None:
    first = Groupable("bxl50a", "bxl50", None, 56000.0, None, 3600.0)
    later = Groupable("bxl50b", "bxl50", None, 56000.0 + 95 * _MINUTE, None, 60.0)

    assert list(grouped([first, later], GroupBy.ORBIT)) == ["bxl50"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["bxl50", "bxl51", "bxq01"]), st.floats(0, 900)),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(GroupBy),
    st.randoms(use_true_random=False),
)
def test_every_exposure_is_in_one_group_and_the_order_does_not_matter(
    seen: list[tuple[str, float]], by: GroupBy, random: object
) -> None:
    exposures = [_exposure(f"{visit}{n:02d}", start) for n, (visit, start) in enumerate(seen)]
    shuffled = list(exposures)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    found = grouped(exposures, by)

    assert grouped(shuffled, by) == found
    assert sorted(name for group in found.values() for name in group) == sorted(
        one.rootname for one in exposures
    )
