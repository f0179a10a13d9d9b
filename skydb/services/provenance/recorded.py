"""Engine and inputs of a sky run on record, for its repetition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Product, ProductVersion, SkyRun, SkyValue
from skydb.domain.vocabulary import ActivityStatus, Engine, ProductKind, SkyMethod
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, StateError
from skydb.files.workspace import Workspace
from skydb.services.core import Context, checked_path
from skydb.services.provenance.logged import settings_of_a_log, settings_of_a_statistic
from skydb.services.skies import AstroDrizzleEngine, EngineRequest, SkyEngine, engine_for
from skydb.store.required import require_run

_EXPOSED = (ProductKind.FLC, ProductKind.FLT)


@dataclass(frozen=True)
class Recorded:
    """A sky run as the ledger has it, ready to be made again.

    Parameters
    ----------
    run_id : int
    method : SkyMethod
        What was asked for.
    engine : Engine
    parameters : mapping
        Of the engine.
    recipe_hash : str
    version_ids : tuple of int
        Versions to use, each found to be the recorded one.
    remarks : tuple of str
        What is not known of the run.
    """

    run_id: int
    method: SkyMethod
    engine: Engine
    parameters: Mapping[str, object]
    recipe_hash: str
    version_ids: tuple[int, ...]
    remarks: tuple[str, ...] = ()


def recorded_run(session: Session, workspace: Workspace, run_id: int) -> Recorded:
    """A run that can be made again.

    Raises
    ------
    NotFoundError
        When there is no such run.
    StateError
        When it did not succeed, or not all of its inputs are there as they were.
    """
    run = require_run(session, SkyRun, run_id)
    if run.status is not ActivityStatus.SUCCEEDED or not run.values:
        raise StateError(
            f"Run {run_id} is {run.status} and found no values: there is nothing to compare with.",
            advice="Run its method again with `skydb sky run --force`.",
        )
    is_old = run.imported_by_id is not None
    versions = _newest_of(session, run) if is_old else [link.version for link in run.used]
    require_as_recorded(workspace, f"Run {run_id}", versions)
    said = "The file versions that the run used are not recorded: the newest were used."
    return Recorded(
        run_id,
        (run.effective_method if is_old else None) or run.requested_method or run.method,
        run.engine,
        dict(run.parameters.get(run.engine.value, {})),
        run.recipe_hash,
        tuple(version.id for version in versions),
        (said,) if is_old else (),
    )


def require_as_recorded(
    workspace: Workspace, whose: str, versions: Sequence[ProductVersion]
) -> None:
    """Refuse inputs that are gone or changed, all of them by name.

    Raises
    ------
    StateError
        When there is one.
    """
    problems = [said for version in versions if (said := _problem(workspace, version))]
    if problems:
        raise StateError(
            f"{whose} cannot be repeated: {len(problems)} of its inputs have changed: "
            f"{'; '.join(problems)}.",
            advice="Put them back, or fetch or ingest them again.",
        )


def _problem(workspace: Workspace, version: ProductVersion) -> str:
    try:
        checked_path(workspace, version)
    except NotFoundError as error:
        return error.what.rstrip(".")
    except FileRejectedError as error:
        return f"{error.path}: {error.reason}"
    return ""


def _newest_of(session: Session, run: SkyRun) -> list[ProductVersion]:
    """Newest versions of the exposures of a run that is known from a log only.

    Raises
    ------
    StateError
        When the ledger has no file of some of them.
    """
    asked = (
        select(ProductVersion, Exposure.rootname)
        .join(Product, Product.id == ProductVersion.product_id)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(SkyValue, SkyValue.exposure_id == Exposure.id)
        .where(SkyValue.run_id == run.id, Product.kind.in_(_EXPOSED))
        .order_by(Product.kind.desc(), ProductVersion.place)
    )
    newest = {rootname: version for version, rootname in session.execute(asked)}
    wanted = {value.exposure.rootname for value in run.values}
    missing = sorted(wanted - newest.keys())
    if missing:
        raise StateError(
            f"Run {run.id} was made without skydb, and the ledger has no file of "
            f"{len(missing)} of its {len(wanted)} exposures: {', '.join(missing)}.",
            advice="Fetch or ingest them, then try again.",
        )
    return list(newest.values())


def engine_of(
    context: Context, runner: DrizzlepacRunner, recorded: Recorded, jobs: int
) -> SkyEngine:
    """Make the engine that computes a recorded run again, with the same parameters.

    Raises
    ------
    StateError
        When the parameters are not on record.
    UsageError
        When this skydb does not know one of them.
    """
    parameters = recorded.parameters
    if recorded.engine is Engine.ASTRODRIZZLE:
        settings = (
            settings_of_a_log(parameters)
            if recorded.remarks
            else AstroDrizzleSettings.recalled(parameters)
        )
        return AstroDrizzleEngine(context, settings, runner)
    mosaic, options = parameters.get("mosaic"), parameters.get("options")
    if isinstance(options, Mapping):
        given = AstroDrizzleSettings.recalled(options)
        request = EngineRequest(recorded.engine, mosaic=False, settings=given, jobs=jobs)
        return engine_for(context, runner, request)[0]
    settings = (
        AstroDrizzleSettings.recalled(mosaic)
        if isinstance(mosaic, Mapping)
        else settings_of_a_statistic(parameters.get("statistic"))
    )
    request = EngineRequest(
        recorded.engine,
        mosaic is not None,
        settings,
        jobs,
        afresh=True,
        per_chip=bool(parameters.get("per_chip")),
    )
    return engine_for(context, runner, request)[0]
