import pytest

from skydb.simulate.plan import FieldKind, FieldPlan


@pytest.mark.parametrize(("kind", "stars"), [("sparse", 10), ("nebula", 10), ("crowded", 57)])
def test_a_kind_says_how_many_stars_there_are(kind: str, stars: int) -> None:
    plan = FieldPlan(kind=FieldKind(kind))
    assert plan.stars_within(40_000, default=930) == stars
    assert plan.nebula_amplitude(0.45) == (0.45 if kind == "nebula" else 0.0)


def test_numbers_come_before_the_kind_and_a_plan_without_has_the_defaults() -> None:
    given = FieldPlan(kind=FieldKind.CROWDED, stars=3, nebula=0.1)
    assert (given.stars_within(40_000, default=930), given.nebula_amplitude(0.45)) == (3, 0.1)
    plain = FieldPlan()
    assert (plain.stars_within(40_000, default=930), plain.nebula_amplitude(0.45)) == (930, 0.45)
