"""Names of nodes: one for each row, the same in every graph of a ledger."""

from __future__ import annotations

from skydb.domain import Download, SkyValue


def version(key: int) -> str:
    """Id of a file version."""
    return f"version:{key}"


def product(key: int) -> str:
    """Id of a file of which no version is known."""
    return f"product:{key}"


def exposure(rootname: str) -> str:
    """An exposure, whatever files there are of it."""
    return f"exposure:{rootname}"


def activity(key: int) -> str:
    """Anything that ran."""
    return f"activity:{key}"


def solution(key: int) -> str:
    """A WCS."""
    return f"solution:{key}"


def catalog(key: int) -> str:
    """A reference catalogue."""
    return f"catalog:{key}"


def mosaic(run: int) -> str:
    """Id of the mosaic of a run."""
    return f"mosaic:{run}"


def value(found: SkyValue) -> str:
    """A sky value, by run, rootname and extension."""
    return f"sky:{found.run_id}:{found.exposure.rootname}:{found.extver}"


def archive_file(download: Download) -> str:
    """Id of an archive file; another version under the same URI is another entity."""
    return f"archive:{download.uri}@{(download.sha256 or '')[:12]}"


def user_file(path: str) -> str:
    """Id of a path that holds one version after the other."""
    return f"file:{path}"


def option_file(path: str, sha256: str) -> str:
    """Id of a file that an option of a run names; a changed file is another entity."""
    return f"option-file:{path}@{sha256[:12]}"


def others(activity_key: int, role: str) -> str:
    """Inputs of an activity that are not shown one by one."""
    return f"others:{activity_key}:{role}"


def user(name: str) -> str:
    """Id of the user."""
    return f"agent:user:{name}"


def software(release: str) -> str:
    """The skydb that did it."""
    return f"agent:skydb:{release}"


def tool(name: str) -> str:
    """Id of a tool that skydb called."""
    return f"agent:tool:{name}"


def environment(key: int) -> str:
    """Id of an environment."""
    return f"agent:environment:{key}"
