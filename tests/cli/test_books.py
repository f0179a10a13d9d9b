"""The commands of the books, spoken to as a user does."""

import pytest

from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store
from tests.services.survey import Survey


@pytest.fixture
def surveyed(ledger):
    """A ledger of one exposure, matched, with a mosaic, and a catalogue with its successor."""
    store = Store(open_engine(resolve_url(ledger.url)))
    with store.writing() as session:
        survey = Survey(session)
        survey.catalog("dr2")
        survey.catalog("dr3")
        run = survey.sky([survey.content(survey.exposure("50"))], SkyMethod.LOCALMIN)
        survey.mosaic(run, ledger.path / "skydb-data")
        session.commit()
    store.engine.dispose()
    return ledger


def _run(ledger):
    services = Services.open(ledger.url)
    with services.context.store.reading() as session:
        number = session.query(SkyRun).one().id
    services.close()
    return number


def test_status_and_todo_have_the_keys_of_the_contract(surveyed):
    (row,) = surveyed.json("status")
    assert {"visit", "downloaded", "aligned", "matched", "flags"} <= set(row)
    assert (row["visit"], row["matched"]) == ("bxl50", 0)
    (program,) = surveyed.json("status", "--by", "program", "--proposal", 12812)
    assert (program["program"], program["visits"]) == ("bxl", 1)
    due = surveyed.json("todo", "--visit", "bxl50")
    assert [row["rule"] for row in due] == ["not-aligned", "never-matched"]
    assert {"exposure", "reason", "since", "command"} <= set(due[0])
    assert due[0]["exposure"] == "ibxl5001q"
    assert "2 due" in surveyed("todo").out


def test_a_flag_is_written_listed_and_withdrawn(surveyed):
    flag = surveyed.json("books", "flag", "bxl50", "clouds", "--why", "grey", "--author", "Ada")
    assert surveyed.json("status")[0]["flags"] == 1
    surveyed.json("books", "note", "ibxl5001q", "look again")
    assert len(surveyed.json("books", "list", "bxl50")) == 2
    assert surveyed.json("books", "list", "--kind", "flag") == [flag]
    surveyed.json("books", "withdraw", flag["id"], "--why", "blue")
    assert surveyed.json("status")[0]["flags"] == 0
    assert "blue" in surveyed("books", "list").out.replace("\n", " ")


def test_a_dismissal_is_told_of_where_it_silences(surveyed):
    words = ("books", "ignore", "bxl50", "never-matched", "--why", "alone")
    assert surveyed(*words).code == 0
    assert [row["rule"] for row in surveyed.json("todo")] == ["not-aligned"]
    assert "1 silenced" in surveyed("todo").out


def test_a_run_is_pinned_purged_and_hidden(surveyed):
    run = _run(surveyed)
    assert surveyed("books", "pin", run, "--why", "figure 3").code == 0
    pinned = surveyed("books", "purge", run, "--why", "no room")
    assert (pinned.code, "is pinned" in pinned.err) == (1, True)
    assert surveyed("books", "unpin", f"run:{run}", "--why", "out").code == 0
    (planned,) = surveyed.json("books", "purge", run, "--dry-run")
    assert (planned["status"], planned["freed_bytes"]) == ("planned", 2000)
    surveyed.json("books", "metrics-only", run, "--why", "a trial")
    words = ("books", "purge", "--older-than", "90d", "--why", "no room")
    (purged,) = surveyed.json(*words)
    assert (purged["run"], purged["status"]) == (run, "purged")
    assert surveyed.json(*words) == []
    surveyed.json("books", "delete", run, "--why", "wrong")
    assert surveyed("sky", "compare").code == 4
    surveyed.json("books", "undelete", run, "--why", "right")
    assert len(surveyed.json("sky", "compare")) == 2


def test_a_catalogue_is_superseded_and_a_delivery_entered(surveyed):
    row = surveyed.json("refcat", "supersede", "dr2", "dr3", "--why", "better")
    assert row["superseded_by"] == "dr3"
    days = ("--began", "2024-05-01", "--ended", "2024-05-09", "--what", "flats")
    surveyed.json("books", "deliveries", "add", "flats", *days)
    assert len(surveyed.json("books", "deliveries", "list")) == 2
    surveyed.json("books", "deliveries", "drop", "flats", "--why", "fine")
    assert len(surveyed.json("books", "deliveries", "list")) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "--by", "moon"), 2),
        (("todo", "--rule", "be-better"), 2),
        (("todo", "--visit", "b"), 4),
        (("books", "list", "--kind", "poem"), 2),
        (("books", "ignore", "bxl50", "be-better", "--why", "x"), 2),
        (("books", "purge", "--dry-run"), 2),
        (("books", "purge", "1", "--older-than", "90d"), 2),
        (("books", "purge", "--older-than", "old"), 2),
        (("books", "flag", "bxl99", "x", "--why", "x"), 4),
        (("books", "pin", "99", "--why", "x"), 4),
        (("books", "pin", "bxl50", "--why", "x"), 2),
        (("books", "abandon", "99", "--why", "x"), 4),
    ],
)
def test_what_cannot_be_done_ends_with_its_exit_code(ledger, words, code):
    assert ledger(*words).code == code


def test_the_python_methods_are_the_commands(surveyed):
    from skydb.api.ledger import Ledger

    with Ledger.open(surveyed.url) as ledger:
        run = _run(surveyed)
        assert list(ledger.status()["visit"]) == ["bxl50"]
        assert list(ledger.todo("never-matched", visit="bxl50")["exposure"]) == ["ibxl5001q"]
        entry = ledger.flag("bxl50", "clouds", "grey")["id"][0]
        ledger.withdraw(int(entry), "blue")
        ledger.note("ibxl5001q", "look again", author="Ada")
        ledger.ignore("bxl50", "never-matched", "alone")
        ledger.refcat_supersede("dr2", "dr3", "better")
        ledger.add_bad_delivery("flats", "2024-05-01", "2024-05-09", "flats")
        ledger.drop_bad_delivery("flats", "fine")
        assert len(ledger.bad_deliveries()) == 1
        ledger.pin(run, "figure 3")
        ledger.unpin(run, "out")
        ledger.metrics_only(run, "a trial")
        assert list(ledger.purge_older_than("90d", dry_run=True)["run"]) == [run]
        assert list(ledger.purge(run, why="no room")["freed_bytes"].value) == [2000]
        ledger.delete_run(run, "wrong")
        ledger.undelete_run(run, "right")
        assert len(ledger.books("bxl50")) == 3
