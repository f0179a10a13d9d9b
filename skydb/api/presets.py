"""``ledger.preset``: options of AstroDrizzle under a name."""

from __future__ import annotations

from collections.abc import Mapping

from skydb.api.base import Group
from skydb.api.checking import counts
from skydb.api.results import Record, Result
from skydb.domain.columns import ColumnKind

#: Keys of an option, where a preset has none.
_NAMES = ("name", "value", "tool", "source")


class PresetGroup(Group):
    """Presets: ``tutorial``, ``hap`` (drizzlepac's own files) and those of the ledger."""

    def list(self) -> Result:
        """List the presets.

        Examples
        --------
        >>> [one.name for one in db.preset.list()][:2]
        ['tutorial', 'hap']
        """
        return Result(self._services.presets.listed())

    def show(self, name: str, *, detector: str | None = None, exposures: int = 4) -> Result:
        """Show the options of a preset: ``name``, ``value`` and ``source`` of each.

        Parameters
        ----------
        name : str
            ``default`` for none.
        detector : str, optional
            HAP's options depend on it: ``IR``, ``WFC3/UVIS``; else that of the ledger.
        exposures : int
            And on their number, 1 or more.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such preset, detector or number of exposures.

        Examples
        --------
        >>> options = {one.name: one.value for one in db.preset.show("tutorial")}
        >>> options["final_rot"]
        257.0
        """
        counts(exposures=exposures)
        rows = _built_in(name, detector, exposures)
        if rows is None:
            rows = self._services.presets.show(name, detector, exposures)
        return Result(rows, _NAMES, kinds={"value": ColumnKind.STRING})

    def set(self, name: str, options: Mapping[str, object]) -> Result:
        """Keep options of AstroDrizzle under a name; earlier ones of that name are replaced.

        Runs keep the values that they were made with.

        Parameters
        ----------
        name : str
            Name of the preset.
        options : mapping
            Options of AstroDrizzle by name.

        Raises
        ------
        UsageError
            When AstroDrizzle has no such option, or the name is that of a built-in preset.

        Examples
        --------
        >>> db.preset.set("deep", {"final_scale": 0.06})[0].value
        0.06
        """
        return Result(self._services.presets.set(name, options))

    def remove(self, name: str) -> Record:
        """Remove a preset of the ledger: ``name`` and ``removed``.

        Parameters
        ----------
        name : str
            Name of a preset of this ledger.

        Raises
        ------
        NotFoundError
            When there is no such preset of this ledger.

        Examples
        --------
        >>> kept = db.preset.set("deep", {"final_scale": 0.06})
        >>> db.preset.remove("deep").removed
        True
        """
        self._services.presets.remove(name)
        return Record({"name": name, "removed": True})

    def require_for(self, name: str, tool: str) -> None:
        """Check that a preset is of a tool.

        Parameters
        ----------
        name : str
            Name of a preset.
        tool : str
            The program that it is for.

        Raises
        ------
        UsageError
            When it is of another one.

        Examples
        --------
        >>> db.preset.require_for("tutorial", "AstroDrizzle")
        """
        self._services.presets.require_for(name, tool)


def _built_in(name: str, detector: str | None, exposures: int) -> list[dict[str, object]] | None:
    """Options that drizzlepac alone can give; None for those that the ledger must."""
    from skydb.drizzle.presets import HAP, TUTORIAL, ObservingMode, mode_named
    from skydb.services.skies import DEFAULT, built_in_rows

    if name == TUTORIAL:
        return built_in_rows(name, ObservingMode("", ""))
    if name in (HAP, DEFAULT) and detector is not None:
        return built_in_rows(name, mode_named(detector, exposures))
    return None
