from __future__ import annotations

from pathlib import Path

import pytest
from astropy import log

from skydb.errors import FileRejectedError
from skydb.files.reader import read_facts
from tests.services.intake.bad_files import cards, template


def test_what_astropy_remarks_of_a_header_does_not_reach_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, level = tmp_path / "ibxl50iaq_flt.fits", log.level
    make = cards("SCI", CTYPE1="RA---ZEA", CTYPE2="DEC--ZEA")
    make(path, template(tmp_path / "template"))
    with pytest.raises(FileRejectedError):
        read_facts(path)
    assert capsys.readouterr().out == ""
    assert log.level == level
