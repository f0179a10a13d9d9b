"""Several files of one exposure: whichever came first, the sky is the same, and says of what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from astropy.io import fits

from tests.endtoend.lookalikes import exposure_file, rewritten, svm_file, with_cards
from tests.endtoend.smallfield import NAMES, RUN, Ledger, field, ledger

pytestmark = pytest.mark.alternating

__all__ = ["field", "ledger"]


def hap_files(field: Path, home: Path) -> list[Path]:
    return [svm_file(field, name, home, knows_its_name=bool(i % 2)) for i, name in enumerate(NAMES)]


def identical_copies(field: Path, home: Path) -> list[Path]:
    sources = [exposure_file(field, name) for name in NAMES]
    return [rewritten(source, home / f"orig_{source.name}") for source in sources]


def altered_copies(field: Path, home: Path) -> list[Path]:
    def brighten(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].data += 3.0

    sources = [exposure_file(field, name) for name in NAMES[:2]]
    return [rewritten(source, home / f"orig_{source.name}", brighten) for source in sources]


def older_deliveries(field: Path, home: Path) -> list[Path]:
    older = {"CAL_VER": "3.4.1 (Apr-21-2014)", "DATE": "2014-05-05"}
    sources = [exposure_file(field, name) for name in NAMES[1:]]
    return [with_cards(source, home / source.name, **older) for source in sources]


def copies_of_the_user(field: Path, home: Path) -> list[Path]:
    def aligned_by_hand(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].header["WCSNAME"] = "TWEAK"
        hdus["SCI", 1].header["CRVAL1"] += 1e-4

    source = exposure_file(field, NAMES[0])
    return [rewritten(source, home / "backup" / source.name, aligned_by_hand)]


Makes = Callable[[Path, Path], list[Path]]
OTHERS: list[Makes] = [
    hap_files, identical_copies, altered_copies, older_deliveries, copies_of_the_user
]  # fmt: skip


def skies(ledger: Ledger) -> dict[str, tuple[float, float]]:
    return {
        row["rootname"]: (row["localmin"], row["match"]) for row in ledger.json("sky", "compare")
    }


@pytest.fixture(scope="session")
def alone(field: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """Skies of a ledger that has the archive's newest files and nothing else."""
    home = tmp_path_factory.mktemp("alone")
    ledger = Ledger(f"sqlite:///{home / 'skydb.sqlite'}", home)
    ledger.json("init")
    ledger.json("ingest", *sorted(field.glob("*_flt.fits")))
    ledger.json(*RUN)
    return skies(ledger)


@pytest.mark.parametrize("is_other_first", [True, False], ids=["other-first", "other-last"])
@pytest.mark.parametrize("make", OTHERS)
def test_the_sky_is_that_of_the_archives_newest_files_in_both_orders(
    ledger: Ledger, field: Path, tmp_path: Path, alone: dict[str, tuple[float, float]],
    make: Makes, *, is_other_first: bool,
) -> None:  # fmt: skip
    own = sorted(field.glob("*_flt.fits"))
    others = make(field, tmp_path / "others")
    batches: list[Sequence[Path]] = [others, own] if is_other_first else [own, others]
    for batch in batches:
        spoken = ledger("ingest", *batch, "--json")
        assert spoken.code == 0, spoken.err
    shown = ledger.json("sky", "run", "--explain-inputs")
    assert {row["flavour"] for row in shown} == {"pipeline"}
    assert {row["flags"] for row in shown} == {""}
    assert all(row["reason"] for row in shown)
    passed = {row["rootname"]: row["passed_over"] for row in shown}
    known_already = make is identical_copies
    for other in others:
        rootname = next(name for name in NAMES if name[:8] in other.name)
        assert bool(passed[rootname]) != known_already
    runs = ledger.json(*RUN)
    assert skies(ledger) == alone
    used = ledger.json(
        "sql",
        "SELECT rootname, flavour, version, wcs_name, alignment, reason, passed_over"
        f" FROM v_run_inputs WHERE run_id = {runs[0]['run']} ORDER BY rootname",
    )
    keys = tuple(used[0])
    assert used == [{key: row[key] for key in keys} for row in shown]
    assert ledger.findings() == []


@pytest.mark.parametrize("flavour", ["svm", "pipeline"])
def test_a_flavour_that_is_named_is_used(ledger: Ledger, field: Path, tmp_path: Path,
                                         flavour: str) -> None:  # fmt: skip
    ledger.json("ingest", *sorted(field.glob("*_flt.fits")), *hap_files(field, tmp_path))
    shown = ledger.json("sky", "run", "--flavour", flavour, "--explain-inputs")
    assert {row["flavour"] for row in shown} == {flavour}
    assert {row["reason"].partition(";")[0] for row in shown} == {f"flavour {flavour} was named"}
    assert ledger(*RUN, "--flavour", flavour, "--strict").code == 0


def test_exposures_that_no_flavour_has_all_of_are_refused_with_the_table(
    ledger: Ledger, field: Path, tmp_path: Path
) -> None:
    own = [exposure_file(field, name) for name in NAMES[:2]]
    ledger.json("ingest", *own, *hap_files(field, tmp_path)[2:])
    refused = ledger(*RUN)
    assert refused.code == 1
    assert "No flavour covers all 4 exposures" in refused.err
    assert all(name in refused.out + refused.err for name in NAMES)
    assert ledger(*RUN, "--exclude", NAMES[2], "--exclude", NAMES[3]).code == 0


def test_deliveries_that_nothing_orders_are_flagged(
    ledger: Ledger, field: Path, tmp_path: Path
) -> None:
    def brighten(hdus: fits.HDUList) -> None:
        hdus["SCI", 1].data += 3.0

    source = exposure_file(field, NAMES[0])
    twin = rewritten(source, tmp_path / "backup" / source.name, brighten)
    ledger.json("ingest", *sorted(field.glob("*_flt.fits")))
    ledger.json("ingest", twin)
    spoken = ledger(*RUN)
    assert spoken.code == 5
    assert f"tied-delivery: {NAMES[0]}" in spoken.err
    assert set(ledger.findings()) == {("tied-delivery", NAMES[0])}
    assert ledger(*RUN, "--version", f"{NAMES[0]}@1").code in (0, 5)


def test_an_older_delivery_that_is_named_is_stale(
    ledger: Ledger, field: Path, tmp_path: Path
) -> None:
    ledger.json("ingest", *sorted(field.glob("*_flt.fits")))
    ledger.json("ingest", *older_deliveries(field, tmp_path))
    spoken = ledger(*RUN, "--as-of", "2015-01-01", "--exclude", NAMES[0])
    assert spoken.code == 5
    assert set(ledger.findings()) == {("stale-input", name) for name in NAMES[1:]}
