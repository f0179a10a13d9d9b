"""Choice of the engine, and a remark when it is not the default."""

from __future__ import annotations

from dataclasses import dataclass

from skydb.domain.vocabulary import Engine, FindingKind
from skydb.drizzle.onepass_limits import why_not
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.userskies import user_skies_of
from skydb.errors import UsageError
from skydb.services.core import Context
from skydb.services.skies.engines.astrodrizzle import AstroDrizzleEngine
from skydb.services.skies.engines.base import SkyEngine
from skydb.services.skies.engines.given import GivenSkies
from skydb.services.skies.engines.onepass import OnePassEngine
from skydb.services.skies.engines.own import OwnEngine
from skydb.services.skies.engines.statistic import sky_why_not

#: Kind and message of a finding.
Remark = tuple[FindingKind, str]


@dataclass(frozen=True)
class EngineRequest:
    """Engine that the user asked for.

    Parameters
    ----------
    engine : Engine or None
        AstroDrizzle when left out, or skydb when no mosaic is wanted.
    mosaic : bool
        Whether mosaics are made.
    settings : AstroDrizzleSettings
    jobs : int
        Runs, or exposures, beside each other.
    afresh : bool
        Measure again what is on record, as a run that is repeated must.
    per_chip : bool
        Give every chip a sky of its own, which is the engine skydb's alone.

    Raises
    ------
    UsageError
        When the engine always makes mosaics, or cosmic rays are to be rejected, and none
        are wanted; or when chips cannot be matched one by one as asked.
    """

    engine: Engine | None
    mosaic: bool
    settings: AstroDrizzleSettings
    jobs: int
    afresh: bool = False
    per_chip: bool = False

    def __post_init__(self) -> None:
        if self.per_chip:
            self._require_own_skies()
        if self.engine is Engine.ASTRODRIZZLE and not self.mosaic:
            raise UsageError(
                "AstroDrizzle measures the sky only on the way to a mosaic.",
                advice="Sky values without mosaics come from --engine skydb.",
            )
        if not self.mosaic and self.settings.as_parameters()["driz_cr"] is True:
            raise UsageError(
                "Cosmic rays are rejected only on the way to a mosaic.",
                advice="Leave out the rejection, or --no-mosaic; skies are the same with it.",
            )

    def _require_own_skies(self) -> None:
        """Refuse to match chips one by one where not skydb itself would do it."""
        reason = None
        if self.engine is Engine.ASTRODRIZZLE:
            reason = "AstroDrizzle has one sky for all chips of an exposure."
        elif user_skies_of(self.settings) is not None:
            reason = "the skies are given, and nothing is matched."
        elif self.mosaic:
            reason = why_not(self.settings) or sky_why_not(self.settings)
        if reason is not None:
            raise UsageError(
                f"Chips cannot be matched one by one: {reason}",
                advice="Use --per-chip with the engine skydb, and with --no-mosaic where it makes "
                "no such mosaic. `skydb sky write-headers RUN`, then AstroDrizzle with "
                "-o skyuser=MDRIZSKY, takes such skies into any mosaic.",
            )


def engine_for(
    context: Context, runner: DrizzlepacRunner, request: EngineRequest
) -> tuple[SkyEngine, list[Remark]]:
    """The engine for a request, and what must be said of every run of it.

    Mosaics that one pass cannot make are AstroDrizzle's, and so are their skies: a mosaic and
    the values beside it always come from one engine.
    """
    settings, jobs = request.settings, request.jobs
    if not request.mosaic:
        if user_skies_of(settings) is not None:
            return GivenSkies(context, settings), []
        return OwnEngine(context, settings, jobs, request.afresh, request.per_chip), []
    if request.per_chip:
        return OnePassEngine(
            context, settings, jobs, request.afresh, per_chip=True, runner=runner
        ), []
    if request.engine is not Engine.SKYDB:
        return AstroDrizzleEngine(context, settings, runner), []
    reason = why_not(settings) or sky_why_not(settings)
    if reason is None:
        return OnePassEngine(context, settings, jobs, request.afresh, runner=runner), []
    message = f"The engine skydb was asked for, AstroDrizzle ran: {reason}"
    return AstroDrizzleEngine(context, settings, runner), [(FindingKind.DOWNGRADED, message)]
