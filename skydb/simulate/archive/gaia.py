"""Gaia's TAP service (TAP 1.1 over UWS 1.1), as astroquery's ``GaiaClass`` uses it."""

from __future__ import annotations

import gzip
import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import numpy as np

from skydb.simulate.archive.adql import AdqlError, Query, Result
from skydb.simulate.archive.faults import Fault, Misbehaviour, Misbehaviours, Service
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.limits import capped
from skydb.simulate.archive.stats import Counters
from skydb.simulate.archive.votable import csv, votable, votable_error

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_FAULTS = frozenset({Fault.EMPTY, Fault.ROW_CAP, Fault.MORE_ROWS, Fault.JOB_ERROR})
_VOTABLE = "application/x-votable+xml"
#: Compressed, as Gaia's archive sends them.
_COMPRESSED = ("votable", "votable_gzip")


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of a query: a table, or an error."""

    body: bytes
    media_type: str = _VOTABLE
    is_compressed: bool = False
    error: str = ""

    @classmethod
    def failed(cls, message: str) -> Answer:
        """The answer to a query that failed."""
        return cls(votable_error(message), error=message)


@dataclass(slots=True)
class Job:
    """An asynchronous query; it runs when its phase is set to RUN."""

    form: dict[str, str]
    answer: Answer | None = None

    @property
    def phase(self) -> str:
        """UWS phase."""
        if self.answer is None:
            return "PENDING"
        return "ERROR" if self.answer.error else "COMPLETED"


@dataclass(slots=True)
class TapService:
    """Answers below ``/tap-server/tap``."""

    holdings: Holdings
    misbehaviours: Misbehaviours
    counters: Counters
    _jobs: dict[str, Job] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def sync(self, request: Request) -> Response:
        """Answer a query at once."""
        answer = self._run(await _form(request))
        return _respond(answer, 400 if answer.error else 200)

    async def create(self, request: Request) -> Response:
        """Take a query, and say where to ask for its results."""
        from starlette.responses import Response

        job = Job(await _form(request))
        if job.form.get("PHASE") == "RUN":
            job.answer = self._run(job.form)
        number = f"{next(self._numbers):013d}O"
        with self._lock:
            self._jobs[number] = job
        location = f"{request.url.scheme}://{request.url.netloc}{request.url.path}/{number}"
        return Response(status_code=303, headers={"Location": location})

    async def phase(self, request: Request) -> Response:
        """Report, or with PHASE=RUN change, the phase of a job."""
        from starlette.responses import PlainTextResponse

        job = self._job(request)
        if request.method == "POST" and job.answer is None:
            form = await _form(request)
            job.answer = Answer.failed("aborted") if form.get("PHASE") == "ABORT" else None
            job.answer = job.answer or self._run(job.form)
        return PlainTextResponse(job.phase)

    async def describe(self, request: Request) -> Response:
        """A job in UWS's XML."""
        from starlette.responses import Response

        number, job = request.path_params["number"], self._job(request)
        text = (
            '<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0">'
            f"<uws:jobId>{number}</uws:jobId><uws:phase>{job.phase}</uws:phase>"
            f'<uws:parameters><uws:parameter id="format">{job.form.get("FORMAT", "votable")}'
            "</uws:parameter></uws:parameters></uws:job>"
        )
        return Response(text, media_type="application/xml")

    async def result(self, request: Request) -> Response:
        """The table of a job that has ended."""
        answer = self._job(request).answer or Answer.failed("the job has not run")
        return _respond(answer, 404 if answer.error else 200)

    async def error(self, request: Request) -> Response:
        """Report the error of a job."""
        answer = self._job(request).answer
        return _respond(answer or Answer.failed("the job has not run"), 200)

    async def notification(self, _: Request) -> Response:
        """Messages to users: none."""
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("")

    def _job(self, request: Request) -> Job:
        from starlette.exceptions import HTTPException

        with self._lock:
            job = self._jobs.get(request.path_params["number"])
        if job is None:
            raise HTTPException(404)
        return job

    def _run(self, form: Mapping[str, str]) -> Answer:
        fault = self.misbehaviours.take(_FAULTS, Service.GAIA)
        if fault is not None:
            self.counters.fault(fault.fault)
        if fault is not None and fault.fault is Fault.JOB_ERROR:
            return Answer.failed("The archive could not run the query.")
        try:
            return self._select(form, fault)
        except (AdqlError, KeyError, ValueError) as error:
            return Answer.failed(f"Cannot run the query: {error}")

    def _select(self, form: Mapping[str, str], fault: Misbehaviour | None) -> Answer:
        query = Query.parse(form["QUERY"])
        found = query.select(self.holdings.stars)
        indices = capped(range(_length(found)), query.top, fault)
        maxrec = int(form["MAXREC"]) if "MAXREC" in form else len(indices)
        rows = np.array(indices[:maxrec], dtype=np.int64)
        result = {name: column[rows] for name, column in found.items()}
        return _written(result, form.get("FORMAT", "votable"), overflow=len(indices) > maxrec)


def _length(result: Result) -> int:
    return len(next(iter(result.values())))


def _written(result: Result, kind: str, *, overflow: bool) -> Answer:
    if kind == "csv":
        return Answer(csv(result), "text/csv")
    if kind not in (*_COMPRESSED, "votable_plain", _VOTABLE):
        raise ValueError(f"no format {kind}")
    body = votable(result, overflow=overflow)
    if kind in _COMPRESSED:
        return Answer(gzip.compress(body, 1), is_compressed=True)
    return Answer(body)


async def _form(request: Request) -> dict[str, str]:
    """Parameters of the query string and of the body, by upper-case name."""
    texts = (request.url.query, (await request.body()).decode())
    pairs = (item for text in texts for item in parse_qs(text).items())
    return {name.upper(): values[0] for name, values in pairs}


def _respond(answer: Answer, status: int) -> Response:
    from starlette.responses import Response

    headers = {"Content-Encoding": "gzip"} if answer.is_compressed else {}
    return Response(answer.body, status, headers, answer.media_type)
