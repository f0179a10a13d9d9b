"""MAST through astroquery: search of observations and their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from skydb.archive.endpoints import MAST_URL
from skydb.archive.session import explain, is_passing, open_session, without_token
from skydb.domain.vocabulary import ProductKind
from skydb.errors import ArchiveError, NotFoundError, UsageError
from skydb.files.quiet import quiet_astropy

if TYPE_CHECKING:
    from astropy.table import Row, Table
    from astroquery.mast import ObservationsClass

T = TypeVar("T")

SERVICE = "MAST"

#: Observations whose products are asked for at once; the service refuses very long lists.
_BATCH = 200
#: astroquery's limit on the polling of one query, seconds.
_LONGEST_QUERY_S = 600

#: Names that the archive gives its files (HST data handbooks, "HST file names"; HAP).
_GOOD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
#: Largest size in bytes; a larger number is not a size.
_SIZE = re.compile(r"[0-9]{1,15}")
_FITS_SUFFIXES = (".fits", ".fits.gz")


@dataclass(frozen=True, slots=True)
class MastQuery:
    """Search of MAST.

    Parameters
    ----------
    obs_ids : tuple of str
        Names of observations or associations; ``*`` stands for anything.
    proposal_id : int, optional
        Number of the proposal.
    filters : str, optional
        Filter, e.g. ``F160W``.
    target : str, optional
        Name of the target in the proposal; ``*`` stands for anything.
    instrument : str, optional
        As MAST writes it, e.g. ``WFC3/IR``.
    products : tuple of str
        Kinds of file, e.g. ``FLT``, ``DRZ``; empty for all.
    project : str, optional
        What made the files: ``CALWF3``, ``HAP-SVM``; None for all.
    """

    obs_ids: tuple[str, ...] = ()
    proposal_id: int | None = None
    filters: str | None = None
    target: str | None = None
    instrument: str | None = None
    products: tuple[str, ...] = ("FLT", "DRZ")
    project: str | None = "CALWF3"

    def criteria(self) -> list[dict[str, str]]:
        """Criteria of each query that is needed: MAST takes one wildcard a criterion.

        Raises
        ------
        UsageError
            When nothing is asked for.
        """
        common = {
            "proposal_id": None if self.proposal_id is None else str(self.proposal_id),
            "filters": self.filters,
            "target_name": self.target,
            "instrument_name": self.instrument,
        }
        given = {name: value for name, value in common.items() if value}
        if not given and not self.obs_ids:
            raise UsageError(
                "No observations to fetch were named.",
                advice="Give --obs-id, --proposal, --target, --filter or --instrument.",
            )
        base = {"obs_collection": "HST", **given}
        if not self.obs_ids:
            return [base]
        return [{**base, "obs_id": obs_id.lower()} for obs_id in self.obs_ids]

    def __str__(self) -> str:
        asked = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return ", ".join(f"{name}={_words(value)}" for name, value in asked.items())


@dataclass(frozen=True, slots=True)
class MastProduct:
    """One file that MAST offers.

    Parameters
    ----------
    uri : str
        The archive's name of it, ``mast:HST/product/NAME``.
    filename : str
        Name that the archive gives it; not to be trusted before :attr:`name_problem`.
    size_bytes : int or None
        Size that the archive lists.
    kind, project, obs_id : str or None
        ``FLT``; ``CALWF3``; observation it belongs to.
    """

    uri: str
    filename: str
    size_bytes: int | None = None
    kind: str | None = None
    project: str | None = None
    obs_id: str | None = None

    @property
    def name_problem(self) -> str | None:
        """Problem of the name as a file name, or None."""
        if len(self.filename) > 200:
            return f"its name has {len(self.filename)} characters"
        if not _GOOD_NAME.fullmatch(self.filename):
            return "its name is not the name of an HST file"
        return None

    @property
    def is_fits(self) -> bool:
        """Whether the name says that it is a FITS file."""
        return self.filename.lower().endswith(_FITS_SUFFIXES)

    @property
    def directory(self) -> str:
        """Rootname of an exposure or association, or the longer name of a HAP product."""
        return self.filename.split(".fits")[0].rpartition("_")[0] or self.filename.split(".")[0]


class MastClient:
    """Questions to MAST through an astroquery client that belongs to this object alone.

    astroquery's own clients, its configuration and its caches stay as they are.

    Parameters
    ----------
    url : str
        Root of the service.
    token : str, optional
        MAST API token; passed on, never shown.
    timeout_s : float
        Longest silence of the server.
    attempts : int
        How often a query is made before giving up.
    first_wait_s : float
        Wait before the second attempt; longer before each further one.
    """

    def __init__(
        self,
        url: str = MAST_URL,
        *,
        token: str | None = None,
        timeout_s: float = 60.0,
        attempts: int = 4,
        first_wait_s: float = 0.5,
    ) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self._token = token
        self._attempts = attempts
        self._first_wait_s = first_wait_s

    def products(self, query: MastQuery) -> list[MastProduct]:
        """Files that fit a query, each once, in order of their names.

        Names that are not valid are among them; see :attr:`MastProduct.name_problem`.

        Raises
        ------
        UsageError
            When the query asks for nothing, or for a kind that is neither offered nor known.
        NotFoundError
            When MAST has no such observation, or none of its files is of the kind.
        ArchiveError
            When MAST cannot be reached, or answers what cannot be understood.
        """
        criteria = query.criteria()
        with self._translated():
            observations = [self._ask(_observations_of, one) for one in criteria]
            ids = sorted({str(row["obsid"]) for table in observations for row in table})
            if not ids:
                raise NotFoundError(
                    self.redact(f"MAST has no HST observation with {query}."),
                    advice="Check the names; * stands for anything, as in --obs-id 'ibxl5*'.",
                )
            batches = [ids[first : first + _BATCH] for first in range(0, len(ids), _BATCH)]
            listed = [self._ask(_products_of, batch) for batch in batches]
            return self._chosen(query, listed)

    def download_url(self, uri: str) -> str:
        """Make the address of the file of a URI."""
        return f"{self.url}/api/v0.1/Download/file?uri={quote(uri, safe=':/')}"

    def open_session(self, connections: int = 8) -> requests.Session:
        """A session for downloads."""
        return open_session(
            self.url, timeout_s=self.timeout_s, token=self._token, connections=connections
        )

    def redact(self, text: str) -> str:
        """The text without the token."""
        return without_token(text, self._token)

    @cached_property
    def _astroquery(self) -> ObservationsClass:
        from astroquery.mast import ObservationsClass

        client = ObservationsClass()
        portal = client._portal_api_connection
        # A session of ours: it times out, sends the token nowhere else, and has not the hook
        # that writes all headers, the token's among them, to astroquery's log.
        client._session = portal._session = self.open_session()
        portal.MAST_REQUEST_URL = f"{self.url}/api/v0/invoke"
        portal.COLUMNS_CONFIG_URL = f"{self.url}/portal/Mashup/Mashup.asmx/columnsconfig"
        portal.MAST_DOWNLOAD_URL = f"{self.url}/api/v0.1/Download/file"
        portal.MAST_BUNDLE_URL = f"{self.url}/api/v0.1/Download/bundle"
        portal.TIMEOUT = _LONGEST_QUERY_S
        # A cache that all clients of the process would share otherwise.
        portal._column_configs = {}
        return client

    def _ask(self, question: Callable[[ObservationsClass, Any], T], argument: object) -> T:
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=self._first_wait_s, max=30),
            retry=retry_if_exception(is_passing),
            reraise=True,
        )
        return retrying(question, self._astroquery, argument)

    def _chosen(self, query: MastQuery, tables: Iterable[Table]) -> list[MastProduct]:
        filters = {
            "productSubGroupDescription": [kind.upper() for kind in query.products],
            "project": [query.project] if query.project else [],
        }
        wanted = {name: values for name, values in filters.items() if values}
        offered = list(tables)
        found = {
            product.uri: product
            for table in offered
            for product in map(_product, self._astroquery.filter_products(table, **wanted))
            if product.is_fits or product.name_problem
        }
        if not found:
            raise _nothing_of_the_kind(self.redact(str(query)), offered)
        _require_kinds(query.products, offered)
        return sorted(found.values(), key=lambda product: (product.filename, product.uri))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from astroquery.exceptions import RemoteServiceError

        advice = f"Try again later; the service asked is {self.url}."
        try:
            yield
        except RemoteServiceError as error:
            what = f"refused the query ({self.redact(str(error))})"
            raise ArchiveError(SERVICE, what, advice=advice) from error
        except (requests.RequestException, TimeoutError) as error:
            raise ArchiveError(SERVICE, explain(error), advice=advice) from error
        except (AttributeError, KeyError, TypeError) as error:
            what = f"answered what astroquery cannot understand ({self.redact(str(error))})"
            raise ArchiveError(SERVICE, what, advice=advice) from error


def _observations_of(client: ObservationsClass, criteria: dict[str, str]) -> Table:
    # An empty result is a warning for astroquery; here it is an answer.
    with quiet_astropy():
        table = client.query_criteria(**criteria)
        counted = int(client.query_criteria_count(**criteria))
    if counted > len(table):
        raise ArchiveError(
            SERVICE,
            f"gave {len(table)} of the {counted} observations that it has",
            advice="Ask for fewer at a time, e.g. visit by visit with --obs-id.",
        )
    return table


def _products_of(client: ObservationsClass, obsids: list[str]) -> Table:
    with quiet_astropy():
        return client.get_product_list(obsids)


def _product(row: Row) -> MastProduct:
    size = _text(row, "size")
    return MastProduct(
        uri=_text(row, "dataURI") or "",
        filename=_text(row, "productFilename") or "",
        size_bytes=int(size) if size and _SIZE.fullmatch(size) else None,
        kind=_text(row, "productSubGroupDescription"),
        project=_text(row, "project"),
        obs_id=_text(row, "obs_id"),
    )


def _text(row: Row, name: str) -> str | None:
    """A value as text; None where MAST has none."""
    import numpy as np

    value = row[name] if name in row.colnames else None
    return None if value is None or value is np.ma.masked or value == "" else str(value)


def _nothing_of_the_kind(query: str, tables: Iterable[Table]) -> NotFoundError:
    rows = (_product(row) for table in tables for row in table)
    kinds = Counter((row.kind, row.project) for row in rows if row.is_fits and row.kind)
    there = ", ".join(f"{kind} of {project}" for (kind, project), _ in kinds.most_common(12))
    return NotFoundError(
        f"MAST has no file with {query}.",
        advice=f"There are {there or 'no FITS files at all'}; choose by --products and --project.",
    )


def _require_kinds(wanted: Iterable[str], tables: Iterable[Table]) -> None:
    """Refuse a kind that is neither offered nor known, whose files would just be missing."""
    kinds = (_text(row, "productSubGroupDescription") for table in tables for row in table)
    offered = {kind.upper() for kind in kinds if kind}
    known = {kind.value.upper() for kind in ProductKind} | offered
    unknown = [kind for kind in wanted if kind.upper() not in known]
    if unknown:
        raise UsageError(
            f"There is no {unknown[0]} among these files, and skydb knows no such kind.",
            advice=f"There are {', '.join(sorted(offered))}.",
        )


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
