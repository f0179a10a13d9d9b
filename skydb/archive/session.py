"""HTTP sessions that always have a time limit and never show a token."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

TOKEN_VARIABLE = "MAST_API_TOKEN"
TOKEN_COOKIE = "mast_token"
HIDDEN = "[token]"

#: Answers after which asking again makes sense (RFC 9110, section 15; RFC 6585 for 429).
PASSING_CODES = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509})


class PatientAdapter(HTTPAdapter):
    """An adapter that gives every request a time limit, which ``requests`` does not.

    Parameters
    ----------
    timeout_s : float
        Longest silence of the server, and longest wait for a connection.
    connections : int
        Connections kept open to one host.
    """

    def __init__(self, timeout_s: float, connections: int) -> None:
        self._timeout_s = timeout_s
        super().__init__(pool_connections=connections, pool_maxsize=connections)

    def send(self, *arguments: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a request; one without a time limit gets that of this adapter."""
        if options.get("timeout") is None:
            options["timeout"] = self._timeout_s
        return super().send(*arguments, **options)


def open_session(
    service_url: str, *, timeout_s: float, token: str | None = None, connections: int = 8
) -> requests.Session:
    """A session for one service.

    Parameters
    ----------
    service_url : str
        Root of the service; the token is sent nowhere else, whatever it redirects to.
    timeout_s : float
        Longest silence of the server.
    token : str, optional
        MAST API token, for data that are not public yet.
    connections : int
        Requests that go on at the same time.
    """
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, PatientAdapter(timeout_s, connections))
    session.headers["User-Agent"] = f"skydb {session.headers['User-Agent']}"
    if token:
        session.cookies.set(TOKEN_COOKIE, token, domain=_cookie_domain(service_url), path="/")
    return session


def token_from_environment() -> str | None:
    """``$MAST_API_TOKEN``, or None."""
    return os.environ.get(TOKEN_VARIABLE) or None


def without_token(text: str, token: str | None) -> str:
    """The text, with the token hidden wherever it occurs."""
    return text.replace(token, HIDDEN) if token else text


def explain(error: BaseException) -> str:
    """Describe a failed request in a few words, without addresses of objects."""
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return f"answered {response.status_code} {response.reason or ''}".rstrip()
        case requests.Timeout():
            return "did not answer in time"
        case requests.exceptions.ChunkedEncodingError():
            return "broke its answer off"
        case requests.ConnectionError():
            return "cannot be reached"
        case _:
            return f"answered what cannot be understood ({type(error).__name__})"


def is_passing(error: BaseException) -> bool:
    """Whether a failed request may well succeed when it is made again."""
    if isinstance(error, requests.HTTPError):
        return error.response is not None and error.response.status_code in PASSING_CODES
    return isinstance(
        error,
        (requests.Timeout, requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
    )


def _cookie_domain(url: str) -> str:
    """The host as :mod:`http.cookiejar` compares it, which completes names without a dot."""
    host = urlsplit(url).hostname or ""
    return host if "." in host or ":" in host else f"{host}.local"
