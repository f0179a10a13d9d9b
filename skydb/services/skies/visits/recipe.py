"""Recipe by which two drizzlings of a visit are the same: inputs, parameters and sky method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Environment, Exposure, ProductVersion, Stamp, VisitDrizzle
from skydb.domain.fingerprint import fingerprint
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.vocabulary import ActivityStatus, SkyMethod
from skydb.drizzle.optionfiles import content_only
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import UsageError
from skydb.services.core import Context, describe_environment
from skydb.services.skies.recipe import RunInputs, used_versions

#: By what the parameters of AstroDrizzle stand in those of an activity.
TOOL = "astrodrizzle"

#: Format of the product, which users cannot choose: one file with all extensions.
_KEPT: Mapping[str, object] = {"build": True, "context": True, "clean": True}


def require_keepable(options: Mapping[str, object]) -> None:
    """Refuse options that would leave another thing than one file with SCI, WHT and CTX.

    Raises
    ------
    UsageError
        When there is one.
    """
    refused = [name for name, value in _KEPT.items() if options.get(name, value) != value]
    if refused:
        raise UsageError(
            f"A product is one file with SCI, WHT and CTX; {', '.join(refused)} cannot be False.",
            advice="Leave it out.",
        )


def as_product(settings: AstroDrizzleSettings) -> AstroDrizzleSettings:
    """The same settings, for one file with SCI, WHT and CTX."""
    return replace(settings, build=True, context=True, clean=True)


@dataclass(frozen=True)
class VisitRecipe:
    """One product to be: the exposures of a visit, and how they are drizzled.

    Parameters
    ----------
    method : SkyMethod
        The sky that is subtracted.
    settings : AstroDrizzleSettings
        Everything else that AstroDrizzle is passed.
    inputs : RunInputs
    policy : GuardPolicy
        What the user says of the guards of inputs.
    notes : mapping
        What is kept beside and changes nothing: the name of a preset.
    flags : tuple of Flag
        What the guards say of the inputs.
    """

    method: SkyMethod
    settings: AstroDrizzleSettings
    inputs: RunInputs
    policy: GuardPolicy = field(default_factory=GuardPolicy)
    notes: Mapping[str, object] = field(default_factory=dict)

    @property
    def flags(self) -> Sequence[Flag]:
        """Flags of the guards on the inputs."""
        return self.inputs.flags

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters that are kept with the activity."""
        return {TOOL: self.settings.as_parameters(), "inputs": self.inputs.sha256s}

    @property
    def full_hash(self) -> str:
        """SHA-256 of everything that changes the product; files by their checksum."""
        return fingerprint({**content_only(self.parameters), "method": self.method})

    def begin(self, session: Session, stamp: Stamp) -> VisitDrizzle:
        """The activity, with links to what it uses."""
        versions = used_versions(session, self.inputs)
        exposure = next(iter(versions.values())).require_exposure()
        drizzle = VisitDrizzle(
            exposure.visit,
            optics_of(exposure),
            self.method,
            {**self.parameters, **self.policy.as_parameters(), **self.notes},
            stamp,
            recipe_hash=self.full_hash,
        )
        session.add(drizzle)
        self.inputs.link(drizzle, versions)
        return drizzle

    def find(self, context: Context) -> int | None:
        """The newest drizzling of this recipe in the environment here whose product is there."""
        same = (
            select(VisitDrizzle)
            .join(Environment, Environment.id == VisitDrizzle.environment_id)
            .where(
                VisitDrizzle.recipe_hash == self.full_hash,
                VisitDrizzle.status == ActivityStatus.SUCCEEDED,
                VisitDrizzle.replay_of_id.is_(None),
                Environment.fingerprint == describe_environment().fingerprint,
            )
            .order_by(VisitDrizzle.id.desc())
        )
        with context.store.reading() as session:
            found = (one.id for one in session.scalars(same) if self._is_whole(context, one))
            return next(found, None)

    def _is_whole(self, context: Context, drizzle: VisitDrizzle) -> bool:
        # A guard that is allowed now has no effect only in a run that has this on record.
        if any(finding.kind in self.policy.allowed for finding in drizzle.findings):
            return False
        version = drizzle.product_version
        return version is not None and _is_there(context, version)


def optics_of(exposure: Exposure) -> tuple[str, str]:
    """Filters and detector of an exposure."""
    return exposure.filters or "", exposure.detector or ""


def _is_there(context: Context, version: ProductVersion) -> bool:
    resolve = context.workspace.resolve
    return any(resolve(place.path).is_file() for place in version.locations)
