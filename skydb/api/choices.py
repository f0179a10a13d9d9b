"""Words that options take, for shells that complete a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

#: What made the files that MAST serves.
_PROJECTS = ("CALWF3", "CALACS", "HAP-SVM", "HAP-MVM", "all")
#: Detectors of WFC3 and ACS.
_DETECTORS = ("IR", "UVIS", "WFC", "HRC", "SBC")
#: Geometries of a fit, from the one with the fewest parameters.
_GEOMETRIES = ("shift", "rshift", "rscale", "general")


def choices(what: str) -> tuple[str, ...]:
    """Words of one kind.

    Parameters
    ----------
    what : str
        A key of :data:`CHOICES`.

    Examples
    --------
    >>> choices("engine")
    ('astrodrizzle', 'skydb')
    """
    return tuple(str(word) for word in CHOICES[what]())


def _computed() -> Iterable[str]:
    from skydb.domain.vocabulary import COMPUTED_METHODS

    return COMPUTED_METHODS


def _kinds_of_files() -> Iterable[str]:
    from skydb.domain.vocabulary import ProductKind

    return (*(kind.value.upper() for kind in ProductKind), "all")


def _guards() -> Iterable[str]:
    from skydb.domain.guards import GUARDS

    return GUARDS


def _views() -> Iterable[str]:
    from skydb.store.views import view_names

    return (name for name in sorted(view_names()) if name.startswith(("v_", "ivoa_")))


def _member_of(module: str, name: str) -> Callable[[], Iterable[str]]:
    """A function that gives the members of a vocabulary, which is imported when it is called."""

    def words() -> Iterable[str]:
        from importlib import import_module

        vocabulary: Iterable[str] = getattr(import_module(f"skydb.{module}"), name)
        return vocabulary

    return words


#: Functions that give words, by what these name.
CHOICES: Mapping[str, Callable[[], Iterable[str]]] = {
    "sky method": lambda: (*_computed(), "all"),
    "computed method": _computed,
    "any method": _member_of("domain.vocabulary", "SkyMethod"),
    "engine": _member_of("domain.vocabulary", "Engine"),
    "kind of product": _member_of("domain.vocabulary", "ProductKind"),
    "kind of file": _kinds_of_files,
    "kind of run": _member_of("domain.vocabulary", "ActivityKind"),
    "kind of entry": _member_of("domain.vocabulary", "EntryKind"),
    "kind of backup": _member_of("services.bookkeeping", "BackupKind"),
    "status": _member_of("domain.activitystatus", "ActivityStatus"),
    "what to fit": _member_of("domain.vocabulary", "AlignmentRoad"),
    "flavour": _member_of("domain.flavour", "Flavour"),
    "rule": _member_of("domain.todo", "TodoRule"),
    "field": _member_of("domain.grouping", "Division"),
    "group": _member_of("domain.grouping", "GroupBy"),
    "statistics": _member_of("domain.grouping", "StatisticsBy"),
    "times": _member_of("domain.grouping", "TimeAxis"),
    "status of": _member_of("services.bookkeeping", "StatusBy"),
    "without motion": _member_of("domain.cataloguse", "WithoutMotion"),
    "guard": _guards,
    "view": _views,
    "preset": _member_of("drizzle.presets", "BUILT_IN"),
    "preset or default": lambda: (*choices("preset"), "default"),
    "detector": lambda: _DETECTORS,
    "geometry": lambda: _GEOMETRIES,
    "project": lambda: _PROJECTS,
    "stretch": lambda: ("asinh", "linear"),
}
