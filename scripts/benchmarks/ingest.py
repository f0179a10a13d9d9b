"""Ingest: what reading a file costs beside astropy, and what more than one process gains."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from astropy.io import fits

from scripts.benchmarks import floors
from scripts.benchmarks.timing import Result, Spent, by_clock, in_turns
from skydb.api.composition import Services
from skydb.domain.vocabulary import IngestStatus
from skydb.files.checksum import checksums_ahead
from skydb.files.processes import available_cores
from skydb.files.reader import read_facts
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.store.schema import upgrade

#: 4 ms of ours where two headers cost astropy 1.6 ms.
_READ_RATIO = 4 / 1.6
_READS = 100
#: What two jobs may take of the time of one; the rest is written by one process anyway.
_JOBS_RATIO = 0.9
_FILES = 1200
#: Checksums of files that are not in memory, against reading these files and nothing else.
_CHECKSUM_RATIO = 1.5
_LARGE_FILES, _LARGE_BYTES = 12, 64 << 20
_BLOCK_BYTES = 1 << 20


def measure(workdir: Path, repeats: int) -> list[Result]:
    """Reading of exposures of both cameras, ingest by two jobs, and checksums in parallel."""
    fields = {one: _exposures(workdir / one.value, one) for one in SimDetector}
    readings = [_reading(one.value, fields[one], repeats) for one in SimDetector]
    return [*readings, _jobs(workdir, fields[SimDetector.IR][0], repeats), _sums(workdir, repeats)]


def _exposures(directory: Path, detector: SimDetector) -> list[Path]:
    if not directory.exists():
        simulate_field(directory, FieldPlan(detector=detector, tiles=(1, 1), dithers=4, size=256))
    return sorted([*directory.glob("*_flt.fits"), *directory.glob("*_flc.fits")])


def _result(name: str, limit: float, times: Sequence[Spent], note: str) -> Result:
    """Row of a reference, of ours, and of the floor."""
    reference, ours, floor = times
    return {
        "name": name,
        "target": f"<= {limit:.3g} x",
        "ratio": ours.wall_s / reference.wall_s,
        **by_clock(reference, ours, floor),
        "passed": ours.wall_s <= limit * reference.wall_s,
        "note": note,
    }


def _reading(camera: str, paths: Sequence[Path], repeats: int) -> Result:
    """Seconds of one file; each file is read once before, so that none waits for the disk."""
    many = [path for path in paths for _ in range(_READS // len(paths))]

    def ours() -> None:
        for path in many:
            read_facts(path)

    def two_headers() -> None:
        for path in many:
            with fits.open(path) as hdus:
                _ = hdus[0].header, hdus["SCI", 1].header

    blocks = {path: floors.HeaderBytes.of(path) for path in paths}

    def bare() -> None:
        for path in many:
            blocks[path].read()

    ours()
    two_headers()
    medians = in_turns(two_headers, ours, bare, repeats=3 * repeats)
    times = [Spent(*(clock / len(many) for clock in one)) for one in medians]
    note = "the reference is astropy reading two headers of the file; floor: reading their bytes"
    return _result(f"read_facts, {camera}", _READ_RATIO, times, note)


def _jobs(workdir: Path, model: Path, repeats: int) -> Result:
    files = _copies(workdir / "many", model)
    template = workdir / "template.sqlite"
    template.unlink(missing_ok=True)
    upgrade(f"sqlite:///{template}")

    ledger = workdir / "ledger.sqlite"

    def ingest(jobs: int) -> None:
        _renew(ledger, template)
        services = Services.open(f"sqlite:///{ledger}", workdir / "data")
        outcomes = services.ingest.ingest(files, jobs=jobs)
        services.close()
        assert {one.status for one in outcomes} == {IngestStatus.NEW}

    ingest(2)
    rows = floors.rows_of(ledger)

    def bare() -> None:
        floors.hash_files(files, 2)
        _renew(ledger, template)
        floors.insert_rows(ledger, rows)

    times = in_turns(lambda: ingest(1), lambda: ingest(2), bare, repeats=repeats)
    each_ms = 1e3 * times[1].wall_s / _FILES
    note = f"the reference is 1 job; {available_cores()} processors, {each_ms:.2g}"
    return _result(
        f"ingest of {_FILES} files, 2 jobs", _JOBS_RATIO, times, f"{note} ms a file with 2 jobs"
    )


def _renew(ledger: Path, template: Path) -> None:
    """A ledger without rows, in place of the one before."""
    for part in ledger.parent.glob(f"{ledger.name}*"):
        part.unlink()
    shutil.copyfile(template, ledger)


def _copies(directory: Path, model: Path) -> list[Path]:
    """Exposures that differ in their rootname."""
    directory.mkdir(exist_ok=True)
    content, rootname = model.read_bytes(), model.name[:9]
    paths = []
    for number in range(_FILES):
        name = f"ibxl{number // 36:02d}i{number % 36:02d}"
        path = directory / f"{name}{model.name[9:]}"
        path.write_bytes(content.replace(rootname.encode(), name.encode()))
        paths.append(path)
    return paths


def _sums(workdir: Path, repeats: int) -> Result:
    paths = list(_large_files(workdir))
    jobs = available_cores()

    def read_only() -> None:
        _forget(paths)
        for path in paths:
            _read(path)

    def checksums() -> None:
        _forget(paths)
        for sha256 in checksums_ahead(paths, jobs):
            sha256.result()

    content = paths[0].read_bytes()

    def hash_only() -> None:
        """SHA-256 of as many bytes that are in memory already."""
        with ThreadPoolExecutor(jobs) as threads:
            list(threads.map(hashlib.sha256, [content] * _LARGE_FILES))

    read, ours, hashed = in_turns(read_only, checksums, hash_only, repeats=repeats)
    # One can go on beside the other, so that the longer one is what it takes at least.
    times = read, ours, max(read, hashed)
    speed = _LARGE_FILES * _LARGE_BYTES / ours.wall_s / 1e6
    note = f"the reference is reading the bytes; {speed:.0f} MB/s with {jobs} threads"
    return _result("checksums in parallel", _CHECKSUM_RATIO, times, note)


def _large_files(workdir: Path) -> Iterator[Path]:
    for number in range(_LARGE_FILES):
        path = workdir / f"large{number}.bin"
        path.write_bytes(os.urandom(_LARGE_BYTES))
        yield path


def _read(path: Path) -> None:
    block = bytearray(_BLOCK_BYTES)
    with path.open("rb", buffering=0) as handle:
        while handle.readinto(block):
            pass


def _forget(paths: Sequence[Path]) -> None:
    """Let the system drop the files from memory, where it can be told to."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
