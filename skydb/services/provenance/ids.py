"""Names of nodes: one for each row, the same in every graph of a ledger."""

from __future__ import annotations

from skydb.domain import Download, SkyValue


def version(key: int) -> str:
    """A content of a file."""
    return f"version:{key}"


def product(key: int) -> str:
    """A file of which no content is known."""
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
    """What a run has drizzled."""
    return f"mosaic:{run}"


def value(found: SkyValue) -> str:
    """A sky value, by run, rootname and extension."""
    return f"sky:{found.run_id}:{found.exposure.rootname}:{found.extver}"


def archive_file(download: Download) -> str:
    """What an archive had under a URI; other content under the same URI is another entity."""
    return f"archive:{download.uri}@{(download.sha256 or '')[:12]}"


def user_file(path: str) -> str:
    """A place that holds one content after the other."""
    return f"file:{path}"


def option_file(path: str, sha256: str) -> str:
    """A file that an option of a run names; other content at the same place is another entity."""
    return f"option-file:{path}@{sha256[:12]}"


def others(activity_key: int, role: str) -> str:
    """Inputs of an activity that are not shown one by one."""
    return f"others:{activity_key}:{role}"


def user(name: str) -> str:
    """Who asked."""
    return f"agent:user:{name}"


def software(release: str) -> str:
    """The skydb that did it."""
    return f"agent:skydb:{release}"


def tool(name: str) -> str:
    """What skydb called."""
    return f"agent:tool:{name}"


def environment(key: int) -> str:
    """Where it ran."""
    return f"agent:environment:{key}"
