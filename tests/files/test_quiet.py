from __future__ import annotations

from pathlib import Path

import pytest
from astropy import log

from skydb.errors import FileRejectedError
from skydb.files.quiet import quiet_astropy
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


def test_silence_within_silence_ends_with_the_outer_one(capsys: pytest.CaptureFixture[str]) -> None:
    filters = list(log.filters)
    with quiet_astropy():
        with quiet_astropy():
            log.warning("inner")
        log.warning("outer")
        log.error("wrong")
    assert log.filters == filters
    log.warning("after")
    said = "".join(capsys.readouterr())
    assert [word in said for word in ("inner", "outer", "wrong", "after")] == [
        *(False, False, True, True)
    ]
