"""Names of files in work: inputs of one tool, and unfinished files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from skydb.domain import ProductVersion
from skydb.files.dqfile import flags_beside
from skydb.files.drafts import draft_of, forget_dead_drafts
from skydb.files.toolnames import is_taken, tool_name

K = TypeVar("K")


def plain_name(version: ProductVersion) -> str:
    """The name that the pipeline gives such a file: ``ibxl50clq_flt.fits``.

    A combination keeps its own name, with its number where that is not enough.
    """
    if version.rootname is None:
        return f"{version.product_id}_{tool_name(Path(version.filename))}"
    return f"{version.rootname}_{version.product.kind}.fits"


def draft_beside(path: Path) -> Path:
    """Name the draft of a file of the user's; those of processes that are gone are deleted.

    See :func:`skydb.files.drafts.draft_of`.
    """
    forget_dead_drafts(path)
    return draft_of(path)


def named_apart(paths: Mapping[K, Path], plain: Mapping[K, str], directory: Path) -> dict[K, Path]:
    """Paths that tools can take, of which no two have the same file name.

    Tools copy their inputs into one directory, where a borrowed name would replace another
    exposure. When files share a name, or one has a name or a packing that drizzlepac does not
    read, all are reached through links with plain names; a copy is to be made with
    :func:`.tool_copy`, which unpacks it.

    Parameters
    ----------
    paths : mapping
        The files.
    plain : mapping
        The name of each that no other has.
    directory : Path
        Where links are made, if any are needed.
    """
    names = [path.name for path in paths.values()]
    if len(set(names)) == len(names) and all(map(is_taken, paths.values())):
        return dict(paths)
    directory.mkdir(parents=True, exist_ok=True)
    made = {key: directory / plain[key] for key in paths}
    for key, place in made.items():
        place.symlink_to(paths[key].resolve())
        flags = flags_beside(paths[key])
        if flags is not None:
            place.with_name(place.name.replace("_c0m", "_c1m")).symlink_to(flags.resolve())
    return made
