"""Presets: the tutorial's, HAP's, and those that a ledger has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from skydb.domain import Exposure, Preset
from skydb.drizzle.optionfiles import resolve_files
from skydb.drizzle.options import typed_options
from skydb.drizzle.optionspec import Tool, specification
from skydb.drizzle.presets import (
    BUILT_IN,
    HAP,
    TUTORIAL,
    TUTORIAL_OPTIONS,
    ObservingMode,
    flags_of,
    hap_options,
    mode_named,
)
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import NotFoundError, UsageError
from skydb.services.core import Context
from skydb.store.queries import Row

#: Options without a preset, for display.
DEFAULT = "default"

_TUTORIAL_SOURCE = "DrizzlePac notebook on sky matching"
_OWN_SOURCE = "this ledger"


@dataclass(frozen=True)
class TutorialPreset:
    """Options of the STScI tutorial."""

    name = TUTORIAL

    def options(self, mode: ObservingMode) -> Mapping[str, object]:
        """The same for every detector."""
        return TUTORIAL_OPTIONS


@dataclass(frozen=True)
class HapPreset:
    """Options of the archive's own mosaics."""

    name = HAP

    def options(self, mode: ObservingMode) -> Mapping[str, object]:
        """Options by detector and number of exposures; see :func:`.hap_options`."""
        return {name: value for name, (value, _) in hap_options(mode).items()}


@dataclass(frozen=True)
class LedgerPreset:
    """Options that a ledger keeps under a name.

    Parameters
    ----------
    name : str
    given : mapping
        The options.
    """

    name: str
    given: Mapping[str, object]

    def options(self, mode: ObservingMode) -> Mapping[str, object]:
        """The same for every detector."""
        return self.given


AnyPreset = TutorialPreset | HapPreset | LedgerPreset


def built_in(name: str) -> AnyPreset | None:
    """A preset that every skydb has; None for another name."""
    known: Mapping[str, AnyPreset] = {TUTORIAL: TutorialPreset(), HAP: HapPreset()}
    return known.get(name)


def built_in_rows(name: str, mode: ObservingMode) -> list[Row]:
    """Options of a built-in preset, or of none, for exposures of a detector.

    Parameters
    ----------
    name : str
        ``tutorial``, ``hap`` or ``default``.
    mode : ObservingMode

    Raises
    ------
    UsageError
        When there are none for the detector.
    """
    if name == HAP:
        return [_row(key, value, f"drizzlepac {source}")
                for key, (value, source) in hap_options(mode).items()]  # fmt: skip
    if name == TUTORIAL:
        return [_row(key, value, _TUTORIAL_SOURCE) for key, value in TUTORIAL_OPTIONS.items()]
    flags = flags_of(mode)
    settings = AstroDrizzleSettings().completed(flags)
    return [
        _row(key, value, f"HAP's for {mode.key}" if key in flags else "skydb")
        for key, value in settings.as_parameters().items()
    ]


def _row(name: str, value: object, source: str) -> Row:
    return {
        "name": name,
        "value": value,
        "tool": Tool.ASTRODRIZZLE.value,
        "source": source,
    }


@dataclass(frozen=True)
class PresetService:
    """Shows presets, and keeps those of the ledger."""

    context: Context

    def find(self, name: str) -> AnyPreset:
        """A preset by its name.

        Raises
        ------
        NotFoundError
            When there is none, with those that there are.
        """
        known = built_in(name)
        if known is not None:
            return known
        with self.context.store.reading() as session:
            row = session.get(Preset, name)
            if row is None:
                there = [*BUILT_IN, *session.scalars(select(Preset.name).order_by(Preset.name))]
                raise NotFoundError(
                    f"There is no preset {name}.", advice=f"Presets: {', '.join(there)}."
                )
            return LedgerPreset(name, dict(row.options))

    def require_for(self, name: str, tool: str) -> None:
        """Refuse a preset for a tool of which it has no option.

        HAP's own alignment has parameters of tweakwcs, which TweakReg does not have.

        Raises
        ------
        NotFoundError
            When there is no such preset.
        UsageError
            When the tool is another than AstroDrizzle.
        """
        self.find(name)
        if tool != Tool.ASTRODRIZZLE:
            raise UsageError(
                f"The preset {name} has options of {Tool.ASTRODRIZZLE} and none of {tool}.",
                advice=f"Give options of {tool} by -o NAME=VALUE.",
            )

    def show(self, name: str, detector: str | None = None, exposures: int = 4) -> list[Row]:
        """Options of a preset, and where each comes from.

        Parameters
        ----------
        name : str
            ``default`` for what holds without one.
        detector : str, optional
            Such as ``IR`` or ``WFC3/IR``; that of the ledger's exposures when left out.
        exposures : int
            How many there are, where that matters.

        Raises
        ------
        NotFoundError
            When there is no such preset.
        UsageError
            When the detector is unknown, or matters and is not given.
        """
        if name == TUTORIAL:
            return built_in_rows(name, ObservingMode("", ""))
        if name in (HAP, DEFAULT):
            return built_in_rows(name, mode_named(detector or self._detector(), exposures))
        own = self.find(name)
        return [_row(key, value, _OWN_SOURCE) for key, value in
                own.options(ObservingMode("", "")).items()]  # fmt: skip

    def listed(self) -> list[Row]:
        """All presets, the built-in ones first."""
        with self.context.store.reading() as session:
            own = session.scalars(select(Preset).order_by(Preset.name)).all()
            rows = [
                {
                    "name": row.name,
                    "source": _OWN_SOURCE,
                    "options": len(row.options),
                    "author": row.author,
                    "made_at": row.made_at,
                }
                for row in own
            ]
        return [
            {
                "name": TUTORIAL,
                "source": _TUTORIAL_SOURCE,
                "options": len(TUTORIAL_OPTIONS),
                "author": None,
                "made_at": None,
            },
            {
                "name": HAP,
                "source": "drizzlepac hap_pars, by detector and number of exposures",
                "options": None,
                "author": None,
                "made_at": None,
            },
            *rows,
        ]

    def set(self, name: str, options: Mapping[str, object]) -> list[Row]:
        """Keep options under a name, instead of those that it had.

        Parameters
        ----------
        name : str
        options : mapping of str to object
            Options of AstroDrizzle; paths are kept as absolute ones.

        Raises
        ------
        UsageError
            When the name is that of a built-in preset or none, when there is no option,
            or one does not exist or has another type.
        NotFoundError
            When a file that an option names is not there.
        """
        if name in (*BUILT_IN, DEFAULT):
            raise UsageError(f"{name} is a preset of every ledger.", advice="Give another name.")
        kept = _kept(options)
        with self.context.store.writing() as session:
            row = session.get(Preset, name)
            if row is None:
                session.add(Preset(name, kept, self.context.agent))
            else:
                row.change(kept, self.context.agent)
            session.commit()
        return self.show(name)

    def remove(self, name: str) -> None:
        """Forget a preset; runs that were made with it keep their values.

        Raises
        ------
        NotFoundError
            When the ledger has none of this name.
        """
        with self.context.store.writing() as session:
            row = session.get(Preset, name)
            if row is None:
                raise NotFoundError(
                    f"This ledger has no preset {name} of its own.",
                    advice="See `skydb preset list`.",
                )
            session.delete(row)
            session.commit()

    def _detector(self) -> str:
        """Instrument and detector of most exposures."""
        counted = (
            select(Exposure.instrument, Exposure.detector)
            .where(Exposure.detector.is_not(None))
            .group_by(Exposure.instrument, Exposure.detector)
            .order_by(func.count().desc(), Exposure.instrument, Exposure.detector)
        )
        with self.context.store.reading() as session:
            found = session.execute(counted).all()
        if len(found) != 1:
            raise UsageError(
                "The ledger's exposures have several detectors, or none.",
                advice="Give --detector, such as IR, UVIS or WFC.",
            )
        return f"{found[0][0]}/{found[0][1]}"


def _kept(options: Mapping[str, object]) -> dict[str, Any]:
    """Typed options, with absolute paths."""
    typed = typed_options(Tool.ASTRODRIZZLE, options)
    if not typed:
        raise UsageError("A preset needs an option.", advice="Give -o NAME=VALUE.")
    AstroDrizzleSettings(extra=typed)
    plain, files = resolve_files(Tool.ASTRODRIZZLE, typed)
    for one in files:
        if not one.token:
            plain[one.option] = _absolute(str(typed[one.option]), one.path)
    return {name: plain[name] for name in specification(Tool.ASTRODRIZZLE) if name in plain}


def _absolute(value: str, path: Path) -> str:
    """An option's value with the path of its file written in full."""
    mark = "@" if value.startswith("@") else ""
    extension = value.removeprefix("@").rpartition(path.name)[2]
    return f"{mark}{path}{extension}"
