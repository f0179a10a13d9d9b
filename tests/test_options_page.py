"""The page of all options is what the installed drizzlepac and skydb say."""

from scripts.options_table import DOCUMENT, document


def test_the_page_of_options_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "Run `python -m scripts.options_table`."
    )
