from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skydb.files.logs.draft import LineDigest


@given(
    number=st.integers(1, 1300),
    asked=st.frozensets(st.integers(1, 1300), max_size=6),
    closed=st.frozensets(st.integers(0, 1300), max_size=6),
)
def test_the_beginnings_of_a_run_are_the_same_however_often_it_is_looked_at(
    number: int, asked: frozenset[int], closed: frozenset[int]
) -> None:
    digest, whole = LineDigest(asked), LineDigest()
    wanted = {}
    for line in range(number):
        if line in closed:
            digest.close()
        digest.add(line + 7, f"line {line}")
        whole.add(line + 7, f"line {line}")
        if line + 1 in asked:
            wanted[line + 1] = whole.close().identity
    assert digest.close().beginnings == wanted
    assert (digest.first, digest.last, digest.count) == (7, number + 6, number)
    assert digest.close().identity == whole.close().identity
