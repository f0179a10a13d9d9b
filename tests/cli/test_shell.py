"""How a command speaks to its user."""

import pytest
import typer

from skydb.cli.shell import FLAGGED, Shell


@pytest.mark.parametrize("sentence", ["", "two of three were left out"])
def test_a_flag_says_its_sentence_and_ends_with_5(capsys, sentence):
    with pytest.raises(typer.Exit) as ended:
        Shell().flag(sentence=sentence)
    assert ended.value.exit_code == FLAGGED == 5
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", sentence)


def test_nothing_to_flag_is_nothing_said(capsys):
    Shell().flag(when=False, sentence="never")
    assert capsys.readouterr() == ("", "")
