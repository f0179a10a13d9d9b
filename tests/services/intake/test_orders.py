"""Files of one exposure in several flavours and deliveries: no order of ingest decides."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Product, ProductVersion
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import Flavour
from skydb.files.checksum import sha256_of
from skydb.files.reader import read_facts
from skydb.services.alignment.membership import members_of_fit
from skydb.services.intake.choice import choose_inputs
from skydb.services.intake.selection import Selection
from tests.services.reprocessed import FLT1, FLT2, Reprocessed
from tests.services.tools import write_exposure

A, B = "ibxl50iaq", "ibxl50ibq"
ARRIVALS = ("old A", "old B", "new A", "svm A", "svm B", "copy of old A", "product")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An exposure delivered twice, one delivered once, HAP's files of both, and a product."""
    home = tmp_path_factory.mktemp("orders")
    visit = Reprocessed(home)
    old, new = visit.old(), visit.new()
    copy = Path(shutil.copy(old[FLT1], home / f"orig_{A}_flt.fits"))
    with fits.open(copy, "update") as hdus:
        hdus["SCI"].data = hdus["SCI"].data + 7.0
    return {
        "old A": old[FLT1],
        "old B": old[FLT2],
        "new A": new[FLT1],
        "svm A": hap_file(home, A),
        "svm B": hap_file(home, B),
        "copy of old A": copy,
        "product": old["drz"],
    }


def hap_file(home: Path, rootname: str, *, name_in_header: bool = False) -> Path:
    """The exposure as HAP has it: of the newest calibration, and elsewhere on the sky."""
    source = write_exposure(
        home / "hap", rootname, centre_deg=(85.2501, -2.46), CAL_VER="3.9.9 (Oct-18-2025)",
        wcs_name="IDC_w3m18525i-FIT_SVM_GAIAeDR3", DATE="2025-01-01",
    )  # fmt: skip
    target = source.rename(home / f"hst_12812_50_wfc3_ir_f160w_{rootname[:8]}_flt.fits")
    if name_in_header:
        fits.setval(target, "FILENAME", value=target.name)
    return target


@contextmanager
def new_ledger(template: Path) -> Iterator[Services]:
    with TemporaryDirectory() as home:
        ledger = shutil.copy(template, Path(home) / "skydb.sqlite")
        services = Services.open(f"sqlite:///{ledger}", Path(home) / "data")
        yield services
        services.close()


def decided(services: Services) -> dict[str, object]:
    """Inputs of a run, and files that a fit of the product would move."""
    with services.context.store.reading() as session:
        workspace = services.context.workspace
        inputs = choose_inputs(session, workspace, Selection())
        found: dict[str, object] = {
            one.rootname: (one.version.product.flavour, one.version.sha256, one.reason)
            for one in inputs
        }
        (product,) = [p for p in session.scalars(select(Product)) if p.kind.is_drizzled]
        drizzled = product.latest
        members = members_of_fit(session, drizzled, read_facts(workspace.resolve(drizzled.path)))
        found["moved"] = [(one.rootname, one.sha256) for one in members.moved]
        found["left"] = sorted(members.left)
        return found


@settings(max_examples=25)
@given(order=st.permutations(ARRIVALS), split=st.integers(1, len(ARRIVALS)))
def test_every_order_of_ingest_gives_the_same_inputs_and_the_same_members_of_a_fit(
    files: dict[str, Path], sqlite_template: Path, order: Sequence[str], split: int
) -> None:
    sha256 = {name: sha256_of(path) for name, path in files.items()}
    with new_ledger(sqlite_template) as services:
        for part in (order[:split], order[split:]):
            services.ingest.ingest([files[name] for name in part], jobs=1)
        found = decided(services)
        assert {found[name][:2] for name in (A, B)} == {  # type: ignore[index]
            (Flavour.PIPELINE, sha256["new A"]),
            (Flavour.PIPELINE, sha256["old B"]),
        }
        assert found["moved"] == [(B, sha256["old B"])]
        assert found["left"] == [A]


@pytest.mark.parametrize("knows_its_name", [True, False])
@pytest.mark.parametrize("is_hap_first", [True, False])
def test_haps_file_and_the_pipelines_are_two_products_on_every_database(
    services_anywhere: Services, tmp_path: Path, *, is_hap_first: bool, knows_its_name: bool
) -> None:
    services = services_anywhere
    own = write_exposure(tmp_path, A, CAL_VER="3.5.0", DATE="2017-01-01")
    hap = hap_file(tmp_path, A, name_in_header=knows_its_name)
    for file in (hap, own) if is_hap_first else (own, hap):
        services.ingest.ingest([file])
    with services.context.store.reading() as session:
        products = session.scalars(select(Product)).all()
        assert {p.flavour for p in products} == {Flavour.PIPELINE, Flavour.SVM}
        (one,) = choose_inputs(session, services.context.workspace, Selection())
        assert one.version.product.flavour is Flavour.PIPELINE
        assert one.passed_over == (f"svm flt {A}@1",)
        (named,) = choose_inputs(
            session, services.context.workspace, Selection(flavour=Flavour.SVM)
        )
        assert named.version.product.flavour is Flavour.SVM


DELIVERIES = (
    {"CAL_VER": "3.4.2 (Apr-21-2017)", "DATE": "2023-06-01", "OPUS_VER": "HSTDP 2017_1"},
    {"CAL_VER": "3.10.1(Mar-20-2021)", "DATE": "2021-06-01", "OPUS_VER": "HSTDP 2021_1"},
    {"CAL_VER": "3.10.1(Mar-20-2021)", "DATE": "2022-06-01", "OPUS_VER": "HSTDP 2021_1"},
    {"CAL_VER": "3.10.1(Mar-20-2021)", "DATE": "2022-06-01", "OPUS_VER": "HSTDP 2022_1"},
)


@pytest.mark.parametrize("order", [(3, 0, 2, 1), (0, 1, 2, 3), (1, 3, 2, 0)], ids=str)
def test_an_old_delivery_that_is_ingested_late_is_not_the_newest(
    services_anywhere: Services, tmp_path: Path, order: Sequence[int]
) -> None:
    services = services_anywhere
    for i in order:
        services.ingest.ingest([write_exposure(tmp_path / str(i), A, **DELIVERIES[i])])
    path = services.exposure_paths(Selection())[A]
    assert path.parent.name == "3"
    with services.context.store.reading() as session:
        versions = session.scalars(select(ProductVersion).order_by(ProductVersion.place)).all()
        assert [one.delivery for one in versions] == [1, 2, 3, 4]
        assert [one.number for one in versions] == [order.index(i) + 1 for i in range(4)]
    (current,) = [row for row in services.images.wcs() if row["filename"] == f"{A}_flt.fits"]
    assert current["version"] == order.index(3) + 1
    due = {row["rule"] for row in services.todo.due()}
    assert due == {TodoRule.NOT_ALIGNED, TodoRule.NEVER_MATCHED}


OLD_TABLE, NEW_TABLE = "iref$w3m18525i_idc.fits", "iref$7ah1533ai_idc.fits"


@pytest.mark.parametrize("is_other_first", [True, False])
def test_a_file_written_later_with_the_old_table_makes_no_newer_table_of_it(
    services_anywhere: Services, tmp_path: Path, *, is_other_first: bool
) -> None:
    services = services_anywhere
    new = write_exposure(tmp_path, A, IDCTAB=NEW_TABLE, CAL_VER="3.7.1", DATE="2023-12-15",
                         wcs_name="IDC_7ah1533ai")  # fmt: skip
    other = write_exposure(tmp_path, B, IDCTAB=OLD_TABLE, CAL_VER="3.5.0", DATE="2025-03-01")
    for file in (other, new) if is_other_first else (new, other):
        services.ingest.ingest([file])
    stale = [row for row in services.todo.due() if row["rule"] == TodoRule.IDCTAB_SUPERSEDED]
    assert [row["exposure"] for row in stale] == [B]
    assert (
        "has IDCTAB w3m18525i_idc.fits; other files of WFC3/IR have the newer"
        in (stale[0]["reason"])
    )
    assert "fetch" in stale[0]["command"]


def test_a_users_own_copy_with_an_old_table_supersedes_nothing_of_the_archive(
    services: Services, tmp_path: Path
) -> None:
    new = write_exposure(tmp_path, A, IDCTAB=NEW_TABLE, CAL_VER="3.7.1", DATE="2023-12-15",
                         wcs_name="IDC_7ah1533ai")  # fmt: skip
    own = write_exposure(tmp_path / "own", A, IDCTAB=OLD_TABLE, CAL_VER="3.5.0",
                         DATE="2025-03-01", wcs_name="TWEAK")  # fmt: skip
    services.ingest.ingest([new, own])
    due = [row["reason"] for row in services.todo.due() if row["exposure"] == A]
    assert not any("7ah1533ai_idc.fits; other files" in reason for reason in due)


def test_haps_file_with_the_old_table_is_no_reason_to_fetch_what_is_there(
    services_anywhere: Services, tmp_path: Path
) -> None:
    services = services_anywhere
    new = write_exposure(tmp_path, A, IDCTAB=NEW_TABLE, CAL_VER="3.7.1", DATE="2023-12-15",
                         wcs_name="IDC_7ah1533ai")  # fmt: skip
    services.ingest.ingest([new, hap_file(tmp_path, A)])
    assert TodoRule.IDCTAB_SUPERSEDED not in {row["rule"] for row in services.todo.due()}


@pytest.mark.parametrize("is_hap_first", [True, False])
def test_haps_file_on_the_very_wcs_of_the_product_is_still_not_its_member(
    services: Services, tmp_path: Path, *, is_hap_first: bool
) -> None:
    own = Reprocessed(tmp_path / "own").old()
    twin = Path(shutil.copy(own[FLT1], tmp_path / f"hst_12812_50_wfc3_ir_f160w_{A[:8]}_flt.fits"))
    fits.setval(twin, "FILENAME", value=twin.name)
    for batch in ([twin], [*own.values()]) if is_hap_first else ([*own.values()], [twin]):
        services.ingest.ingest(batch)
    assert decided(services)["moved"] == [(A, sha256_of(own[FLT1])), (B, sha256_of(own[FLT2]))]
