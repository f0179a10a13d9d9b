"""Files that were packed where they lay, or unpacked again, are the files that they were."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError
from skydb.services.skies.skyrun import SkyRunService
from tests.services.fsck.test_runs import problems
from tests.services.tools import MEMBERS, Toolbox

pytestmark = pytest.mark.alternating


def test_a_file_that_is_packed_where_it_lies_or_unpacked_again_is_not_missing(
    services_anywhere: Services, visit: list[Path]
) -> None:
    services = services_anywhere
    services.ingest.ingest(visit)
    original = visit[0].read_bytes()
    packed = _packed(visit[0])
    assert problems(services) == []
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    assert (row["status"], row["findings"]) == ("succeeded", [])
    services.ingest.ingest([packed])
    assert problems(services) == []
    packed.unlink()
    missing = ("missing-file", f"{MEMBERS[0]}_flt.fits@2")
    assert problems(services) == [("missing-file", f"{MEMBERS[0]}_flt.fits@1"), missing]
    visit[0].write_bytes(original)
    assert problems(services) == [missing]
    (mended,) = services.fsck.repair()
    assert mended.repaired and "the file was unpacked" in str(mended.repair)
    assert problems(services) == []


def test_a_packed_file_with_other_bytes_does_not_stand_for_the_one_that_is_gone(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    visit[0].write_bytes(visit[0].read_bytes() + b"\0" * 2880)
    packed = _packed(visit[0])
    assert problems(services) == [("missing-file", f"{MEMBERS[0]}_flt.fits@1")]
    bomb = gzip.compress(bytes(100_000_000))
    for content in (packed.read_bytes()[:100], bomb):
        packed.write_bytes(content)
        assert problems(services) == [("missing-file", f"{MEMBERS[0]}_flt.fits@1")]
    packed.write_bytes(bomb[:100])
    with pytest.raises(NotFoundError, match="lies there: unpack it"):
        SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])


def _packed(path: Path) -> Path:
    """Pack a file where it lies, as ``gzip`` does."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed
