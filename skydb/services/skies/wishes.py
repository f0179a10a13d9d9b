"""Requests of a user for sky runs, and the settings of one field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.optionfiles import grid_options
from skydb.drizzle.presets import ObservingMode, flags_of
from skydb.drizzle.settings import AstroDrizzleSettings, require_options
from skydb.drizzle.userskies import user_skies_of
from skydb.errors import UsageError

_GRID = (*grid_options("final_"), "final_refimage", "final_wcs")


class OptionSet(Protocol):
    """Options with a name; see :mod:`skydb.services.skies.presets`."""

    @property
    def name(self) -> str:
        """Its name."""

    def options(self, mode: ObservingMode) -> Mapping[str, object]:
        """Its options for exposures of a detector."""


@dataclass(frozen=True)
class Wishes:
    """Settings, or a preset, and the options that win over either.

    Parameters
    ----------
    settings : AstroDrizzleSettings or None
        What holds unless an option says otherwise.
    options : mapping of str to object
        What the user named; values as typed or written.
    preset : OptionSet or None
        What holds unless an option says otherwise, instead of settings.

    Raises
    ------
    UsageError
        When an option does not exist, has another type or contradicts another one.
    NotFoundError
        When a file that an option names is not there.
    """

    settings: AstroDrizzleSettings | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    preset: OptionSet | None = None

    def __post_init__(self) -> None:
        if self.settings is not None and self.preset is not None:
            raise UsageError("Settings and a preset are given.", advice="Give one of them.")
        object.__setattr__(self, "options", require_options(self.options))

    @property
    def named(self) -> set[str]:
        """Options that the user named, in whatever way."""
        return {*self.options, *(self.settings.extra if self.settings else ())}

    @property
    def notes(self) -> dict[str, object]:
        """Facts that are kept with a run besides the values."""
        return {"preset": self.preset.name} if self.preset else {}

    def for_mode(self, mode: ObservingMode) -> AstroDrizzleSettings:
        """The settings for exposures of a detector, with nothing left open.

        Parameters
        ----------
        mode : ObservingMode
            Detector, filters, number and date of the exposures.

        Raises
        ------
        UsageError
            When a preset has nothing for the detector.
        """
        base = self._base(mode)
        if self.options.get("final_refimage") or self.options.get("final_wcs") is False:
            # The preset's grid gives way to the user's as a whole.
            base = {name: value for name, value in base.items() if name not in _GRID}
        merged = {**base, **self.options}
        settings = (
            AstroDrizzleSettings(extra=merged)
            if self.settings is None
            else AstroDrizzleSettings.recalled(merged)
        )
        return settings.completed(flags_of(mode))

    def _base(self, mode: ObservingMode) -> dict[str, object]:
        if self.settings is not None:
            return self.settings.as_parameters()
        return dict(self.preset.options(mode)) if self.preset else {}


def methods_for(
    asked: Sequence[SkyMethod], settings: AstroDrizzleSettings
) -> tuple[SkyMethod, ...]:
    """The methods that are run: those asked for, unless skies are given.

    Raises
    ------
    UsageError
        When given skies are asked for, and none are given; or when options of the sky
        contradict each other.
    """
    given = user_skies_of(settings)
    if given is not None:
        return (given.method,)
    foreign = [method.value for method in asked if not method.is_computed]
    if foreign:
        raise UsageError(
            f"No method computes {', '.join(foreign)}.",
            advice="Give -o skysub=False, -o skyuser=KEYWORD or -o skyfile=FILE.",
        )
    return tuple(dict.fromkeys(asked))
