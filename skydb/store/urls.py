"""Database URLs: read once, and never shown with a password."""

from __future__ import annotations

import re
from difflib import get_close_matches
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from skydb.errors import UsageError

_FORMS = "Use sqlite:///FILE or postgresql://USER@HOST/NAME."

#: Options of a URL whose values are shown; any other may contain a secret.
_HARMLESS = frozenset(
    (
        *("host", "hostaddr", "port", "dbname", "user", "service", "sslmode"),
        *("application_name", "connect_timeout"),
    )
)

#: Options of libpq with a secret, which do not belong in a URL.
_SECRET = frozenset(("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"))

#: Options that make SQLite take the name for something else than a file.
_SQLITE_MODES = frozenset(("uri", "mode", "cache", "vfs", "immutable", "nolock"))

_KNOWN_SCHEMES = ("postgresql", "postgres", "sqlite", "mysql", "mariadb", "oracle", "mssql")

#: Shorter secrets are not replaced, because they occur in any sentence.
_LEAST_SECRET = 4

#: Secrets of the URLs that were read in this process, in every form that they are written in.
_seen: set[str] = set()

_USERINFO = re.compile(r"(://[^\s:/@]*:)[^\s@]+@")
_SETTING = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd|secret)\w*\s*=\s*)('[^']*'|[^\s&'\",;]+)")


def parsed(text: str) -> URL:
    """Parse a URL of PostgreSQL or SQLite, with a password only in its own field.

    Raises
    ------
    UsageError
        When it is no database URL, or of a database that skydb does not support. The message
        has nothing of the text that may be a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Without the cause, which may repeat a password.
        raise UsageError(f"{_described(text)} is not a database URL.", advice=_FORMS) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return _postgresql(text, url)
    if backend == "sqlite":
        return _sqlite(url)
    raise UsageError(f"skydb does not support {backend}.", advice=_FORMS)


def _postgresql(text: str, url: URL) -> URL:
    if text.count("@") > 1:
        raise UsageError(
            "The database URL has a second @.",
            advice="Write @ in a user name or a password as %40, or use ~/.pgpass.",
        )
    if not _is_plain(text) or not _is_plain(str(url.password or "")):
        raise UsageError("The database URL has characters that no URL can have.", advice=_FORMS)
    for name in url.query:
        if name.lower() in _SECRET:
            raise UsageError(
                f"{name} does not belong into a URL.",
                advice="Put it into pg_service.conf, and name the service: ?service=NAME.",
            )
    _require_known(url)
    asked = url.normalized_query.get("password", ())
    _remember((*asked, url.password or ""))
    url = url.difference_update_query(["password"]) if asked else url
    # libpq takes the last of several, and one among the options before that of the user.
    password = asked[-1] if asked else url.password
    return url.set(drivername="postgresql+psycopg", password=password)


def _require_known(url: URL) -> None:
    """Refuse options that libpq does not know: their values may be passwords."""
    from psycopg.pq import Conninfo

    known = [option.keyword.decode() for option in Conninfo.get_defaults()]
    for name in url.query:
        if name not in known:
            meant = get_close_matches(name, known, 1)
            raise UsageError(
                "The database URL has an option that PostgreSQL does not know.",
                advice=f"Did you mean {meant[0]}?" if meant else "Its options are those of libpq.",
            )


def _sqlite(url: URL) -> URL:
    if url.host or url.username or url.password or url.port:
        _remember((url.password or "",))
        raise UsageError("The URL of an SQLite file has three slashes.", advice=_FORMS)
    if _SQLITE_MODES & url.query.keys() or str(url.database or "").startswith("file:"):
        raise UsageError("skydb opens SQLite files by their names alone.", advice=_FORMS)
    return url.set(drivername="sqlite")


def _is_plain(text: str) -> bool:
    return not any(ord(one) < 0x20 or 0xD800 <= ord(one) < 0xE000 for one in text)


def _described(text: str) -> str:
    """Show the text if it is a name, else its scheme: the rest may be a password."""
    if re.fullmatch(r"[\w./~ +-]{0,200}", text):
        return repr(text)
    scheme = text.partition(":")[0].partition("+")[0].lower()
    return f"'{scheme}:***'" if scheme in _KNOWN_SCHEMES else "The text given"


def shown(url: URL) -> str:
    """Format a URL for printing: without passwords, and without options of unknown meaning."""
    query = {
        name: values if name in _HARMLESS else ("***",)
        for name, values in url.normalized_query.items()
    }
    plain = url.set(drivername=url.get_backend_name(), query=query)
    text = plain.render_as_string(hide_password=True)
    return text.replace("%2A%2A%2A", "***")


def redacted(text: str) -> str:
    """Remove passwords from a text, such as a driver's error."""
    for secret in sorted(_seen, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _SETTING.sub(r"\1***", _USERINFO.sub(r"\1***@", text))


def _remember(secrets: tuple[str, ...]) -> None:
    for secret in secrets:
        forms = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            repr(secret)[1:-1],
        }
        _seen.update(form for form in forms if len(form) >= _LEAST_SECRET)
