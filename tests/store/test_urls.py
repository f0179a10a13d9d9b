"""URLs never show a password."""

from __future__ import annotations

import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skydb.errors import SkydbError, UsageError
from skydb.store.engine import open_engine, resolve_url
from skydb.store.readonly import ask
from skydb.store.schema import current
from skydb.store.urls import redacted, shown
from tests.commands import skydb

#: Long enough not to be in a sentence by chance, with all that URLs are made of.
PASSWORDS = st.text(string.ascii_letters + string.digits + "@:/?#%&=+ '\"[]é~", min_size=1).map(
    "Q{}zx7".format
)
#: Ways to write a password, right and wrong, for a server where nobody listens.
FORMS = [
    "postgresql://me:{}@127.0.0.1:1/ledger",
    "postgresql+psycopg://me:{}@127.0.0.1:1/ledger?connect_timeout=2",
    "postgresql://me@127.0.0.1:1/ledger?password={}",
    "postgresql://me:{}@127.0.0.1:1/ledger?password={}",
    "postgresql://me:{}@127.0.0.1:1/ledger?pasword={}",
    "postgresql://me@127.0.0.1:1/ledger?sslpassword={}",
    "postgresql://me:{}@127.0.0.1:port/ledger",
    "postgresql://me:{}@127.0.0.1:1/ledger?port=many",
    "postgresql:me:{}@127.0.0.1:1/ledger",
    "postgresql//me:{}@127.0.0.1:1/ledger",
    "postgres://me:{}@127.0.0.1:1/ledger",
    "me:{}@127.0.0.1:1/ledger",
    "postgresql://me:{}/ledger",
    "postgresql://127.0.0.1:{}",
    "host=127.0.0.1 password={} dbname=ledger",
    "mysql://me:{}@127.0.0.1:1/ledger",
    "sqlite://me:{}@ledger.sqlite",
    "://me:{}@127.0.0.1:1/ledger",
]
WRITTEN = [str, quote, quote_plus, lambda text: quote(text, safe="")]


def parts(password: str) -> set[str]:
    """The password, and what is left of it where a special character cuts it."""
    return {password, quote(password), quote_plus(password), quote(password, safe="")}


@pytest.mark.parametrize("form", FORMS)
@given(password=PASSWORDS, written=st.sampled_from(WRITTEN))
def test_a_url_that_cannot_be_used_is_refused_without_its_password(form, password, written) -> None:
    # Without a host of its own the form has one after the first @.
    assume(not (form.endswith(("{}/ledger", "1:{}")) and "@" in written(password)))
    url = form.format(*[written(password)] * form.count("{}"))
    with pytest.raises(SkydbError) as caught:
        parsed = resolve_url(url)
        assert not any(part in shown(parsed) for part in parts(password))
        engine = open_engine(parsed)
        assert not any(part in repr(engine) for part in parts(password))
        current(engine)
    told = str(caught.value)
    assert not any(part in told for part in parts(password))
    assert "zx7" not in told


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", [["status"], ["sql", "SELECT 1"], ["db", "current"], ["init"]])
def test_no_command_says_a_password_even_with_a_traceback(form: str, words: list[str]) -> None:
    url = form.replace("{}", "hunter22")
    spoken = skydb("--verbose", "--db", url, *words)
    assert spoken.code in (1, 2)
    assert "hunter22" not in spoken.out + spoken.err


def test_a_question_to_a_server_that_is_not_there_keeps_the_password() -> None:
    with pytest.raises(SkydbError) as caught:
        ask(resolve_url("postgresql://me:hunter22@127.0.0.1:1/x"), "SELECT 1")
    assert "hunter22" not in str(caught.value)


@given(password=PASSWORDS)
def test_a_password_among_the_options_is_that_of_the_url(password: str) -> None:
    assume("\0" not in password)
    url = resolve_url(f"postgresql://me@host/ledger?password={quote_plus(password)}&sslmode=prefer")
    assert url.password == password
    assert shown(url) == "postgresql://me:***@host/ledger?sslmode=prefer"


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:a@b@host/x", "postgresql://me:a?b@c@host/x", "postgresql://me@corp@host/x"],
)
def test_a_second_at_sign_is_refused_with_how_to_write_it(url: str) -> None:
    with pytest.raises(UsageError, match="%40"):
        resolve_url(url)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("failed for postgresql://me:hunter22@host/x.", "failed for postgresql://me:***@host/x."),
        ("dsn host=h password=hunter22 user=me", "dsn host=h password=*** user=me"),
        ("password='two words' user=me", "password=*** user=me"),
        ("no password supplied", "no password supplied"),
        ("see https://docs.example.org/a:b", "see https://docs.example.org/a:b"),
    ],
)
def test_a_text_of_somebody_else_is_shown_without_passwords(text: str, told: str) -> None:
    assert redacted(text) == told


@pytest.mark.parametrize(
    "url", ["sqlite:///file:x?mode=memory&uri=true", "sqlite:///x?immutable=1", "sqlite://x.sqlite"]
)
def test_a_url_that_makes_sqlite_open_something_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///FILE"):
        resolve_url(url)
