"""The page of thresholds says what the code decides by."""

from scripts.thresholds import DOCUMENT, document


def test_the_page_of_thresholds_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").splitlines() == document().splitlines(), (
        "Was it meant? Measure again, and run `python -m scripts.thresholds`."
    )
