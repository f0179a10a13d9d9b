"""The WCS ledger by rules that need no file: which solution may be written, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import AlignmentSolution, Product, ProductVersion, Restoration
from skydb.domain.values import FitQuality, Realised
from skydb.domain.vocabulary import (
    ActivityStatus,
    Flavour,
    ProductKind,
    SolutionOrigin,
    SolutionStatus,
    WcsKind,
)
from skydb.drizzle.headerlet import HeaderletLabel
from skydb.drizzle.labels import SolutionLabel
from skydb.errors import (
    FileRejectedError,
    NotFoundError,
    StateError,
    ToolSilentFailureError,
    UsageError,
)
from skydb.services.alignment import solutions as solutions_module
from skydb.services.alignment import wcs_ledger as ledger_module
from skydb.services.alignment.solutions import (
    _sized,
    _with_distortion_of,
    find_solution,
    require_every_chip,
    wcs_of,
    wcs_or_like,
)
from skydb.services.alignment.wcs_ledger import (
    RESTORED_LIMIT_MAS,
    WcsLedgerService,
    _give_up,
    _hdr_name,
    _outcome,
    _require_in_a_file,
    _require_not_in_force,
    _target,
)
from tests.domain.entities import STAMP, wcs
from tests.domain.shelves import ProductSet, accepted, delivery
from tests.services.survey import Survey

ALL = tuple(SolutionStatus)
ON_RECORD = (SolutionStatus.RECORDED, SolutionStatus.APPLIED)


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("kind", list(WcsKind))
def test_only_what_is_in_a_file_and_has_distortion_is_written_again(
    status: SolutionStatus, kind: WcsKind
) -> None:
    one: Any = SimpleNamespace(id=7, status=status, wcs_kind=kind, wcs_name="OPUS")
    if status in ON_RECORD and kind is not WcsKind.PIPELINE:
        _require_in_a_file(one)
        return
    with pytest.raises(StateError) as caught:
        _require_in_a_file(one)
    said = f"Solution 7 is {status}: no file has it."
    if status in ON_RECORD:
        said = "Solution 7 (OPUS) has no distortion; AstroDrizzle would put every pixel in a wrong"
    assert caught.value.what.startswith(said)


@pytest.mark.parametrize(
    ("current", "is_refused"),
    [(None, False), ((1000, 2000), True), ((2000, 1000), True), ((2000, 3000), False),
     ((2000, None), False)],
)  # fmt: skip
def test_a_solution_that_is_active_or_was_carried_is_not_written_again(
    current: tuple[int, int | None] | None, is_refused: bool
) -> None:
    active = SimpleNamespace(id=current[0], source_id=current[1]) if current else None
    version: Any = SimpleNamespace(current_solution=active, number=2, filename="a.fits")
    solution: Any = SimpleNamespace(id=1000)
    if not is_refused:
        _require_not_in_force(solution, version)
        return
    with pytest.raises(StateError, match=r"Solution 1000 is active in version 2 of a\.fits"):
        _require_not_in_force(solution, version)


def test_a_solution_that_lacks_a_chip_of_the_file_says_which_and_what_to_do() -> None:
    def of(*chips: int, name: str = "x_hlet.fits") -> Any:
        has = [SimpleNamespace(extver=extver) for extver in chips]
        version = SimpleNamespace(filename=name, product=name)
        return SimpleNamespace(id=7, wcs_name="IDC_a-FIT_REL_GAIA", chips=has, version=version)

    file = "ibxl50ivq_flc.fits"
    version: Any = SimpleNamespace(
        current_solution=of(1, 2, 3), filename=file, product=file, subject="ibxl50ivq"
    )
    require_every_chip(of(3, 2, 1, 4), version)
    for chips, named in (((1, 2), "SCI,3"), ((2,), "SCI,1, SCI,3")):
        with pytest.raises(StateError) as caught:
            require_every_chip(of(*chips), version)
        assert caught.value.what == (
            f"Solution 7 (IDC_a-FIT_REL_GAIA in x_hlet.fits) has no WCS for {named} of {file}."
        )
        assert "`skydb align history ibxl50ivq`" in caught.value.advice
    with pytest.raises(StateError, match=r"Solution 7 \(IDC_a-FIT_REL_GAIA\) has no WCS"):
        require_every_chip(of(1, name=file), version)
    version.current_solution = None
    require_every_chip(of(1), version)


def test_a_headerlet_is_named_as_the_archive_names_it() -> None:
    label = SimpleNamespace(wcs_name="IDC_a-FIT_REL_GAIA")
    plan: Any = SimpleNamespace(path=Path("in/ibxl50ivq_flt.fits"), label=label)
    assert _hdr_name(plan) == "ibxl50ivq_flt_IDC_a-FIT_REL_GAIA-hlet.fits"


@pytest.mark.parametrize("residual_mas", [0.0, RESTORED_LIMIT_MAS, 2 * RESTORED_LIMIT_MAS])
def test_what_was_written_otherwise_than_asked_is_failed_and_nothing_is_kept(
    residual_mas: float,
) -> None:
    version = ProductSet().add(delivery("ibxl50ivq"))
    activity = Restoration({}, STAMP)
    source = version.solutions[0]
    restored = AlignmentSolution.carried(version, activity, wcs(), source, SolutionOrigin.RESTORED)
    realised = Realised(10.0, 12.0, residual_mas)
    is_kept = restored.verify(realised, RESTORED_LIMIT_MAS)
    if not is_kept:
        activity.start()
        _give_up(activity, restored)
    told = _outcome(restored, 5, realised, kept=is_kept)
    assert is_kept == (residual_mas <= RESTORED_LIMIT_MAS)
    assert (told.restored, told.shift_mas, told.residual_mas) == (5, 12.0, residual_mas)
    assert told.version == (1 if is_kept else None)
    assert told.status is (SolutionStatus.APPLIED if is_kept else SolutionStatus.FAILED)
    assert (told.product, told.wcs_name) == ("ibxl50ivq_flt.fits", "IDC_w3m18525i")
    if not is_kept:
        assert (restored.wcs_key, restored.applied_at) == (None, None)
        assert str(told.reason).endswith(
            "; the distortion of the file is not that of the solution. Nothing was kept."
        )
        assert (activity.status, activity.error) == (ActivityStatus.FAILED, told.reason)


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


def _file_of(
    session: Session, version: ProductVersion, kind: ProductKind, flavour: Flavour
) -> Product:
    product, exposure = version.product, version.product.exposure
    assert exposure is not None
    with session.no_autoflush:
        made = Product(f"{kind} of {exposure.rootname}", f"{exposure.rootname}_{kind}.fits", kind,
                       flavour, product.visit, exposure)  # fmt: skip
        session.add(made)
    session.flush()
    return made


def test_a_headerlet_is_written_to_the_newest_image_of_its_exposure(session: Session) -> None:
    survey = Survey(session)
    elsewhere = survey.content(survey.exposure("51"))
    flt = survey.content(survey.exposure("50"))
    raw, late = (
        survey.content(_file_of(session, flt, kind, Flavour.PIPELINE))
        for kind in (ProductKind.CRJ, ProductKind.SX2)
    )
    headerlet = survey.content(_file_of(session, flt, ProductKind.HLET, Flavour.USER))
    newer = survey.content(flt.product, date="2030-01-01")
    (solution,) = headerlet.solutions
    assert _target(session, solution) is newer
    assert _target(session, flt.solutions[0]) is newer
    assert _target(session, raw.solutions[0]) is raw
    assert _target(session, late.solutions[0]) is late
    flc = survey.content(_file_of(session, flt, ProductKind.FLC, Flavour.PIPELINE))
    assert _target(session, solution) is flc
    alone = survey.content(_file_of(session, elsewhere, ProductKind.HLET, Flavour.USER))
    elsewhere.product.kind = ProductKind.CRJ
    session.flush()
    with pytest.raises(NotFoundError) as caught:
        _target(session, alone.solutions[0])
    assert caught.value.what == "The ledger has no image that ibxl5101q_hlet.fits is for."
    with pytest.raises(NotFoundError, match="no solution 999"):
        find_solution(session, 999)


def _kept(**told: Any) -> Any:
    plain = {
        "id": 3, "origin": SolutionOrigin.ARCHIVE, "wcs_key": "A", "wcs_kind": WcsKind.FIT,
        "hdr_name": "h", "wcs_name": "w", "version": None,
        "chips": [SimpleNamespace(extver=n, geometry=f"chip {n}", naxis1_pix=n and 10 * n,
                                  naxis2_pix=20 * n) for n in (1, 2)],
    }  # fmt: skip
    return SimpleNamespace(**{**plain, **told})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What files and frames are asked for, in place of reading any."""
    found: list[tuple[Any, ...]] = []

    def placed(frame: Any, chip: Any, *, distorted: bool) -> tuple[Any, ...]:
        return frame, chip, distorted

    def of_headerlet(path: Path, *names: str) -> dict[int, Any]:
        found.append(("headerlet", path, *names))
        return {1: SimpleNamespace(pixel_shape=None)}

    monkeypatch.setattr(solutions_module, "checked_path", lambda _, version: _path(version))
    monkeypatch.setattr(solutions_module, "read_hstwcs", lambda path: {1: path, 2: path})
    monkeypatch.setattr(solutions_module, "with_linear_terms", placed)
    monkeypatch.setattr(solutions_module, "read_headerlet_wcs", of_headerlet)
    return found


def _path(version: Any) -> Path:
    if version.is_gone:
        raise (NotFoundError("gone") if version.is_gone == 1 else FileRejectedError("a", "else"))
    return Path(version.path)


def _version(number: int, idctab: str, gone: int = 0) -> Any:
    return SimpleNamespace(number=number, idctab=idctab, is_gone=gone, path=f"{number}.fits",
                           filename="a.fits")  # fmt: skip


def test_the_distortion_of_a_solution_is_that_of_its_file(asked: list[tuple[Any, ...]]) -> None:
    workspace: Any = None
    file, path = _version(1, "x"), Path("1.fits")
    found: Any = wcs_of(workspace, _kept(version=file))
    assert found == {1: (path, "chip 1", True), 2: (path, "chip 2", True)}
    # A fit that was only proposed is in no header.
    assert wcs_of(workspace, _kept(version=file, wcs_key=None)) == found
    for kind in WcsKind:
        plain: Any = wcs_of(workspace, _kept(version=file, wcs_kind=kind))
        has_distortion = kind is not WcsKind.PIPELINE
        assert plain == {n: (path, f"chip {n}", has_distortion) for n in (1, 2)}
    for origin in set(SolutionOrigin) - {SolutionOrigin.HEADERLET}:
        assert wcs_of(workspace, _kept(version=file, origin=origin)) == found
    assert asked == []
    assert wcs_of(workspace, _kept(version=file, wcs_key=" ")) == {1: path, 2: path}
    with pytest.raises(StateError, match=r"Solution 3 of a\.fits has no WCS"):
        wcs_of(workspace, _kept(version=file, chips=[]))
    with pytest.raises(NotFoundError, match=r"1\.fits has no SCI,4 for solution 3"):
        chips = [SimpleNamespace(extver=n, geometry=None) for n in (5, 1, 4)]
        _with_distortion_of(path, _kept(chips=chips))
    (frame,) = wcs_of(workspace, _kept(version=file, origin=SolutionOrigin.HEADERLET)).values()
    assert asked == [("headerlet", path, "h", "w")]
    assert frame.pixel_shape == (10, 20)
    unknown: Any = {2: SimpleNamespace(pixel_shape=None)}
    chip = SimpleNamespace(extver=2, naxis1_pix=None, naxis2_pix=None)
    assert _sized(unknown, _kept(chips=[chip]))[2].pixel_shape is None


@pytest.mark.parametrize("how", [1, 2])
def test_another_version_with_the_same_distortion_stands_in_for_one_that_is_gone(
    asked: list[tuple[Any, ...]], how: int
) -> None:
    workspace: Any = SimpleNamespace(resolve=Path)
    gone, still = _version(1, "x", how), _version(3, "x")
    others = [gone, _version(2, "y"), _version(5, "w"), _version(4, "x", 3 - how), still]
    gone.product = SimpleNamespace(versions=others)
    assert wcs_or_like(workspace, _kept(version=still))[1] == ""
    for origin in set(SolutionOrigin) - {SolutionOrigin.HEADERLET}:
        assert wcs_or_like(workspace, _kept(version=gone, origin=origin))[1]
    found, note = wcs_or_like(workspace, _kept(version=gone))
    assert {extver: frame[0] for extver, frame in found.items()} == dict.fromkeys(  # type: ignore[index]
        (1, 2), Path("3.fits")
    )
    assert note == (
        "version 1 is gone; its distortion was taken to be that of version 3, which has the "
        "same IDCTAB"
    )
    # A headerlet has a distortion of its own.
    with pytest.raises((NotFoundError, FileRejectedError)):
        wcs_or_like(workspace, _kept(version=gone, origin=SolutionOrigin.HEADERLET))
    others.remove(still)
    with pytest.raises((NotFoundError, FileRejectedError)):
        wcs_or_like(workspace, _kept(version=gone))


CHIPS = (SimpleNamespace(extver=1, naxis_pix=(10, 20)), SimpleNamespace(extver=2, naxis_pix=(0, 5)))


def _plan(hdr_name: str | None, rootname: str = "ibxl50ivq") -> Any:
    label = SolutionLabel("IDC_a-FIT", "w" * 61, FitQuality(12, 1.0, 2.0))
    return SimpleNamespace(
        solution_id=3, path=Path("ibxl50ivq_flt.fits"), chips=CHIPS, label=label,
        hdr_name=hdr_name, origin=SolutionOrigin.ARCHIVE, rootname=rootname, catalog="gaia",
    )  # fmt: skip


def test_a_headerlet_says_whose_it_is_and_who_made_it(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(WcsLedgerService, "_written", lambda _, plan, scratch: scratch / "image")
    monkeypatch.setattr(
        ledger_module.Headerlets, "create", lambda _, *told: asked.append(told) or Path("made")
    )
    service = WcsLedgerService(services.context)
    for given, name in ((None, "ibxl50ivq_flt_IDC_a-FIT-hlet.fits"), ("own", "own")):
        plan = _plan(given)
        assert service._headerlet(plan, tmp_path) == Path("made")
        image, chips, says, place = asked.pop()
        assert (image, chips, place) == (tmp_path / "image", CHIPS, tmp_path / "headerlet")
        assert says == HeaderletLabel(
            hdr_name=name, destination="ibxl50ivq", author=services.context.agent,
            description="w" * 60, catalog="gaia", quality=plan.label.quality,
        )  # fmt: skip
    with pytest.raises(UsageError, match=r"ibxl50ivq_flt\.fits is a combination of exposures"):
        service._headerlet(_plan(None, rootname=""), tmp_path)
    assert asked == []


@pytest.mark.parametrize("origin", list(SolutionOrigin))
def test_a_headerlet_that_is_in_the_file_is_given_as_it_is(
    origin: SolutionOrigin, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = SimpleNamespace(version="the version")
    monkeypatch.setattr(WcsLedgerService, "_written", lambda *_: Path("image"))
    monkeypatch.setattr(ledger_module.Headerlets, "create", lambda *_: Path("made"))
    monkeypatch.setattr(ledger_module, "find_solution", lambda _, key: {3: held}[key])
    monkeypatch.setattr(ledger_module, "checked_path", lambda _, version: Path(version))
    monkeypatch.setattr(ledger_module, "headerlet_bytes", lambda *told: repr(told).encode())
    plan = _plan("own")
    plan.origin = origin
    made = WcsLedgerService(services.context)._headerlet(plan, tmp_path)
    if origin is SolutionOrigin.HEADERLET:
        assert made.read_text() == repr((Path("the version"), "own", "IDC_a-FIT"))
    else:
        assert made == Path("made")


def test_a_headerlet_that_is_another_wcs_than_asked_for_is_not_given(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = {1: SimpleNamespace(pixel_shape=None), 2: SimpleNamespace(pixel_shape=(5, 5))}
    off_mas = 0.0
    monkeypatch.setattr(ledger_module, "find_solution", lambda *_: None)
    monkeypatch.setattr(ledger_module, "wcs_of", lambda *_: "wanted")
    monkeypatch.setattr(
        ledger_module, "read_headerlet_wcs",
        lambda *told: frames if told == (Path("made"), None, "IDC_a-FIT") else {},
    )  # fmt: skip
    monkeypatch.setattr(
        ledger_module, "difference",
        lambda *told: SimpleNamespace(max_mas=off_mas if told == ("wanted", frames) else 99.0),
    )  # fmt: skip
    service = WcsLedgerService(services.context)
    for off_mas in (0.0, RESTORED_LIMIT_MAS):
        assert service._residual_of_headerlet(_plan(None), Path("made")) == off_mas
    # A chip whose size is not known has none.
    assert [frame.pixel_shape for frame in frames.values()] == [(10, 20), None]
    off_mas = 2 * RESTORED_LIMIT_MAS
    with pytest.raises(ToolSilentFailureError, match=r"is 0\.020 mas off the solution"):
        service._residual_of_headerlet(_plan(None), Path("made"))


def test_what_an_acceptance_made_is_the_newest_of_its_file() -> None:
    version = ProductSet().add(delivery("ibxl50ivq"))
    made = accepted(version)
    session: Any = None
    assert _target(session, version.solutions[0]) is made
