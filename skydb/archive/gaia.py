"""Gaia DR3 through astroquery, on connections of its own that end in time.

astroquery's ``Gaia`` is one object for the whole process, asks the service for news when
it is imported, waits without limit, prints to stdout, and cuts an answer at 50 rows without
a message. Here each query has its own client, a deadline, and a count to compare the rows with.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from skydb.archive.deadline import Deadline
from skydb.archive.endpoints import Endpoints
from skydb.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from astropy.table import Table

SERVICE = "Gaia"
#: Epoch of all positions in Gaia DR3, Julian year.
EPOCH = 2016.0
TABLE = "gaiadr3.gaia_source"
COLUMNS = (
    *("source_id", "ra", "ra_error", "dec", "dec_error", "pmra", "pmra_error"),
    *("pmdec", "pmdec_error", "phot_g_mean_mag", "ref_epoch"),
)
DEFAULT_MAX_ROWS = 50_000
_TIMEOUT_S = 300.0
_LARGEST_RADIUS_DEG = 2.0
#: Replacing a function and stdout is for one thread at a time.
_ALONE = threading.RLock()


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky, ICRS degrees.

    Raises
    ------
    UsageError
        When there is no such circle, or it is larger than any field of HST.
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.ra_deg < 360.0 and -90.0 <= self.dec_deg <= 90.0):
            raise UsageError(f"RA {self.ra_deg}, Dec {self.dec_deg} is not on the sky.")
        if not 0.0 < self.radius_deg <= _LARGEST_RADIUS_DEG:
            raise UsageError(
                f"A cone of radius {self.radius_deg * 60:.4g} arcmin cannot be asked for.",
                advice=f"Choose one field, of at most {_LARGEST_RADIUS_DEG * 60:g} arcmin.",
            )

    def __str__(self) -> str:
        return f"{self.radius_deg * 60:.3g} arcmin around {self.ra_deg:.5f} {self.dec_deg:+.5f}"


@dataclass(frozen=True, slots=True)
class GaiaQuery:
    """Query of Gaia.

    Parameters
    ----------
    cone : Cone
        Where.
    max_rows : int
        Most sources wanted; the brightest are kept.
    mag_limit : float, optional
        Faintest G.

    Raises
    ------
    UsageError
        When no row is wanted.
    """

    cone: Cone
    max_rows: int = DEFAULT_MAX_ROWS
    mag_limit: float | None = None

    def __post_init__(self) -> None:
        if self.max_rows < 1:
            raise UsageError(f"{self.max_rows} rows make no catalogue.")

    @property
    def adql(self) -> str:
        """The query, for one row more than wanted, which shows that there are more."""
        return (
            f"SELECT TOP {self.max_rows + 1} {', '.join(COLUMNS)} FROM {TABLE}"
            f" WHERE {self._condition} ORDER BY phot_g_mean_mag ASC"
        )

    @property
    def count_adql(self) -> str:
        """The query for the number of sources without a limit."""
        return f"SELECT COUNT(*) AS sources FROM {TABLE} WHERE {self._condition}"

    @property
    def _condition(self) -> str:
        inside = (
            "1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', "
            f"{self.cone.ra_deg!r}, {self.cone.dec_deg!r}, {self.cone.radius_deg!r}))"
        )
        limit = self.mag_limit
        return inside if limit is None else f"{inside} AND phot_g_mean_mag <= {limit!r}"


@dataclass(frozen=True, eq=False)
class GaiaAnswer:
    """Answer of Gaia.

    Parameters
    ----------
    table : Table
        At most ``max_rows`` sources with :data:`COLUMNS`, in order of source_id; NaN for
        no value.
    epoch : float
        Julian year of the positions.
    available : int
        Sources that there are, by the service's own count.
    repeated : int
        Rows that were there before, and were left out.
    """

    table: Table
    epoch: float
    available: int
    repeated: int = 0

    @property
    def is_truncated(self) -> bool:
        """Whether there are more sources than these."""
        return self.available > len(self.table)


@dataclass(frozen=True)
class GaiaArchive:
    """Asks Gaia.

    Parameters
    ----------
    url : str
        Address of the service; by default that of :class:`Endpoints`.
    timeout_s : float
        Longest a query may take from beginning to end.
    """

    url: str = field(default_factory=lambda: Endpoints.from_environment().gaia_url)
    timeout_s: float = _TIMEOUT_S

    def query(self, query: GaiaQuery) -> GaiaAnswer:
        """Sources of a cone, and how many there are.

        Raises
        ------
        ArchiveError
            When the service cannot be reached, fails, does not answer in time, has no
            source there, or gives what is no answer.
        """
        with Deadline(self.timeout_s) as deadline, self._translated(deadline), _stdout_unused():
            client = _client(self.url, deadline)
            # The ADQL says TOP itself; no query of this client shall fall back to 50 rows.
            client.ROW_LIMIT = query.max_rows + 1
            available = _count(client, query)
            found = _rows(client, query.adql)
        return _answer(found, available, query)

    @contextlib.contextmanager
    def _translated(self, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except ArchiveError:
            raise
        except Exception as error:
            what = f"{self.url} failed ({type(error).__name__}: {error})"
            if deadline.is_over:
                what = f"{self.url} gave no answer within {self.timeout_s:g} s"
            advice = "Try again later; a query that was answered before needs no service."
            raise ArchiveError(SERVICE, what, advice=advice) from error


def _answer(found: Table, available: int, query: GaiaQuery) -> GaiaAnswer:
    missing = sorted(set(COLUMNS) - set(found.colnames))
    if missing:
        raise ArchiveError(SERVICE, f"an answer without {', '.join(missing)}")
    if not len(found):
        counted = f", although it counts {available}" if available else ""
        advice = "" if available else "Look elsewhere, or wider, or fainter."
        raise ArchiveError(SERVICE, f"no source within {query.cone}{counted}", advice=advice)
    plain = _plain(found)
    kept = plain[: query.max_rows]
    epochs = sorted(set(kept["ref_epoch"].tolist()))
    if len(epochs) > 1:
        raise ArchiveError(SERVICE, f"an answer of several epochs, {epochs[0]} to {epochs[-1]}")
    kept.sort("source_id")
    available = max(available, len(plain))
    return GaiaAnswer(kept, float(epochs[0]), available, len(found) - len(plain))


def _plain(found: Table) -> Table:
    """Each source once, with the columns wanted in double precision, NaN for no value."""
    import numpy as np
    from astropy.table import Column, Table

    plain = Table()
    for name in COLUMNS:
        kind, nothing = (np.int64, 0) if name == "source_id" else (np.float64, np.nan)
        values = np.ma.filled(np.ma.asarray(found[name]).astype(kind), nothing)
        plain[name] = Column(values, unit=_UNITS.get(name))
    first = np.unique(plain["source_id"], return_index=True)[1]
    return plain[np.sort(first)]


#: Units of gaiadr3.gaia_source (Gaia DR3 documentation, chapter 20.1.1).
_UNITS = {
    **dict.fromkeys(("ra", "dec"), "deg"),
    **dict.fromkeys(("ra_error", "dec_error"), "mas"),
    **dict.fromkeys(("pmra", "pmra_error", "pmdec", "pmdec_error"), "mas / yr"),
    **{"phot_g_mean_mag": "mag", "ref_epoch": "yr"},
}


def _rows(client: Any, adql: str) -> Table:  # noqa: ANN401 - astroquery has no types
    """Answer to one query; an asynchronous job, for others end at 2000 rows."""
    return client.launch_job_async(adql).get_results()


def _count(client: Any, query: GaiaQuery) -> int:  # noqa: ANN401 - astroquery has no types
    counted = _rows(client, query.count_adql)
    if not len(counted):
        raise ArchiveError(SERVICE, "no answer to how many sources there are")
    return int(counted[0][0])


def _client(url: str, deadline: Deadline) -> Any:  # noqa: ANN401 - astroquery has no types
    """A client of our own, with connections that know the deadline."""
    with _no_news():
        from astroquery.gaia import GaiaClass
    from astroquery.utils.tap.conn.tapconn import TapConn

    parts = urlsplit(url)
    context = f"{parts.path}/tap-server"
    is_https = parts.scheme == "https"
    port = parts.port or (443 if is_https else 80)
    connection = TapConn(
        is_https,
        parts.hostname,
        server_context=context,
        port=port,
        sslport=port,
        connhandler=deadline.connections(parts.hostname or "", port),
        tap_context="tap",
    )
    return GaiaClass(
        tap_plus_conn_handler=connection,
        gaia_tap_server=url,
        gaia_data_server=url,
        show_server_messages=False,
    )


@contextlib.contextmanager
def _no_news() -> Iterator[None]:
    """Keep astroquery.gaia from asking the service for its news when it is imported."""
    from astroquery.utils.tap.conn.tapconn import TapConn

    with _ALONE:
        real = TapConn.execute_tapget
        TapConn.execute_tapget = lambda *_, **__: SimpleNamespace(status=204)
        try:
            yield
        finally:
            TapConn.execute_tapget = real


@contextlib.contextmanager
def _stdout_unused() -> Iterator[None]:
    """Keep astroquery's messages away from stdout, where a program may read JSON."""
    with _ALONE, contextlib.redirect_stdout(io.StringIO()):
        yield
