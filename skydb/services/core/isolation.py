"""Proof that a tool did not change its input files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from skydb.domain import Activity, InputProof, ProductVersion
from skydb.domain.vocabulary import FindingKind
from skydb.drizzle.recording import CopyChanges, RecordingRunner
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import ToolError
from skydb.interruption import reason
from skydb.services.core.context import Context
from skydb.services.core.versions import content_sha256


@contextmanager
def isolated(
    context: Context, activity_id: int, inputs: Mapping[int, Path], runner: DrizzlepacRunner
) -> Iterator[RecordingRunner]:
    """A runner for the block; at its end the inputs must be what they were.

    Whether the block ends well or not, every input is read again, and what the tools
    did to their copies is stored with the activity; not of one that is interrupted.

    Parameters
    ----------
    context : Context
    activity_id : int
        What calls the tools.
    inputs : mapping of int to Path
        Version and file of every input; the checksum of each file was compared with its
        version before.
    runner : DrizzlepacRunner
        Who runs the tools.

    Raises
    ------
    ToolError
        When an input is not what it was; a finding of the activity names it.
    """
    recorder = RecordingRunner(runner)
    try:
        yield recorder
    except BaseException as error:
        # After a signal there is no time to read all inputs, and no result is recorded.
        if reason(error) is None:
            _prove(context, activity_id, inputs, recorder)
        raise
    touched = _prove(context, activity_id, inputs, recorder)
    if touched:
        tools = " and ".join(sorted({copy.tool for copy in recorder.seen})) or "drizzlepac"
        raise ToolError(
            tools,
            f"ran while its input changed: {', '.join(touched)}",
            advice="Put the files back from the archive or a backup, and ingest them again.",
        )


def _prove(
    context: Context, activity_id: int, inputs: Mapping[int, Path], recorder: RecordingRunner
) -> list[str]:
    """Store a proof for every input that a tool was given; the files that were touched."""
    with context.store.reading() as session:
        before = {one: session.get_one(ProductVersion, one).sha256 for one in inputs}
    now = {one: _sha256_or_none(path, before[one]) for one, path in inputs.items()}
    by_name: dict[str, list[CopyChanges]] = {}
    for copy in recorder.seen:
        by_name.setdefault(copy.filename, []).append(copy)
    touched = []
    with context.store.writing() as session:
        activity = session.get_one(Activity, activity_id)
        for version_id, path in inputs.items():
            version = session.get_one(ProductVersion, version_id)
            for copy in by_name.get(path.name, ()):
                InputProof(activity, version, copy.tool, now[version_id], copy.changes)
            if now[version_id] != before[version_id]:
                touched.append(str(path))
                _notice(activity, path, now[version_id])
        session.commit()
    return touched


def _notice(activity: Activity, path: Path, sha256: str | None) -> None:
    what = "is gone" if sha256 is None else "has changed"
    message = f"{what} since the run began; its copy was all that a tool was given."
    activity.notice(FindingKind.INPUT_CHANGED, str(path), message)


def _sha256_or_none(path: Path, expected: str) -> str | None:
    return content_sha256(path, expected) if path.is_file() else None
