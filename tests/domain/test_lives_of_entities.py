"""What becomes of entities without a database: everything that they keep, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from skydb.domain import (
    AlignmentSolution,
    Exposure,
    Visit,
)
from skydb.domain.base import utc_now
from skydb.domain.books import BadDelivery, BookEntry
from skydb.domain.cardchanges import CardChanges, HduChanges
from skydb.domain.catalog import CatalogUse, MotionFacts, WithoutMotion
from skydb.domain.history import RunAttempt
from skydb.domain.isolation import HeaderBackup, HeaderWrite, InputProof
from skydb.domain.location import FileLocation
from skydb.domain.passband import Passband
from skydb.domain.preset import Preset
from skydb.domain.process import Process
from skydb.domain.processmark import ProcessIdentity
from skydb.domain.selftest import CheckResult, SelfTest
from skydb.domain.values import Rootname
from skydb.domain.vocabulary import (
    ActivityStatus,
    AttemptOutcome,
    EntryKind,
    FindingKind,
    KnownFrom,
    LinkRole,
    Verdict,
)
from skydb.errors import StateError, UsageError
from tests.domain.entities import (
    STAMP,
    catalog,
    facts_of,
    file_of,
    ingest,
    version_of,
    wcs,
)
from tests.logged import recall


def test_an_activity_from_a_log_lasted_as_long_as_the_log_says() -> None:
    when = utc_now()
    for error in (None, "bad"):
        one = ingest()
        recall(one, ingest(), when, when + timedelta(seconds=3), "AstroDrizzle 2", error)
        assert (one.seconds, one.ended_badly) == (3.0, error is not None)
    unknown = ingest()
    recall(unknown, ingest(), None, when, None)
    assert unknown.seconds is None


def test_an_activity_ends_once() -> None:
    for verb, status in (
        ("fail", ActivityStatus.FAILED),
        ("interrupt", ActivityStatus.INTERRUPTED),
    ):
        one = ingest()
        one.start()
        getattr(one, verb)("because", "a.log")
        assert (one.status, one.error, one.log_path) == (status, "because", "a.log")
        assert one.ended_badly and one.finished_at is not None
        for again in ("fail", "interrupt"):
            with pytest.raises(StateError):
                getattr(one, again)("again")
        with pytest.raises(StateError, match="cannot succeed"):
            one.succeed()
    waiting = ingest()
    with pytest.raises(StateError, match="cannot fail"):
        waiting.fail("too early")
    waiting.log_path = "kept.log"
    waiting.interrupt("told to")
    assert (waiting.status, waiting.log_path) == (ActivityStatus.INTERRUPTED, "kept.log")


def test_an_activity_knows_what_it_read_in_order_and_who_began_it() -> None:
    one, names = ingest(), ("ibxl50iwq", "ibxl50ivq")
    for name in names:
        one.use(version_of(f"{name}_flt.fits"), reason="newest", passed_over="others")
    assert [version.subject for version in one.inputs] == sorted(names)
    assert [(link.reason, link.passed_over, link.role) for link in one.used] == [
        ("newest", "others", LinkRole.SCIENCE)
    ] * 2
    assert (one.stamp.agent, one.stamp.skydb_version) == (STAMP.agent, STAMP.skydb_version)
    found = one.notice(FindingKind.QUALITY, "a", "it is bad")
    assert (found.kind, found.subject, found.message) == (FindingKind.QUALITY, "a", "it is bad")


def test_attempts_end_once_and_keep_how() -> None:
    activity, process = ingest(), Process(ProcessIdentity("h", "m", "b", "n", 7, 12.75))
    attempt = RunAttempt(activity, 2, "host:7", process)
    told = (attempt.activity, attempt.number, attempt.worker, attempt.process, attempt.outcome)
    assert told == (activity, 2, "host:7", process, AttemptOutcome.RUNNING)
    outcome = next(one for one in AttemptOutcome if one is not AttemptOutcome.RUNNING)
    attempt.end(outcome, "why")
    assert (attempt.outcome, attempt.error) == (outcome, "why")
    assert attempt.finished_at is not None and attempt.finished_at >= attempt.started_at
    with pytest.raises(StateError, match=r"Attempt 2 .* has ended"):
        attempt.end(outcome)


def test_a_process_is_told_by_all_that_it_is() -> None:
    identity = ProcessIdentity("host", "machine", "boot", None, 42, 99.9)
    process = Process(identity)
    assert process.identity == identity
    assert str(process) == "process 42 on host"
    mark = identity.mark
    assert (mark.pid, mark.started_s) == (42, 99)
    assert [len(one) for one in (mark.place, mark.boot, mark.namespace)] == [4, 4, 4]
    parts = ("host", "machine", "boot_id", "namespace")
    others = [replace(identity, **{name: "x"}).mark for name in parts]
    assert all(other != mark for other in others)
    assert len({other.place for other in others[:2]} | {mark.place}) == 3


def test_a_self_test_without_an_environment_judges_none() -> None:
    test = SelfTest({}, STAMP)
    test.start()
    with pytest.raises(StateError, match="has no environment"):
        test.conclude([CheckResult("a", Verdict.PASSED, "fine")], utc_now())


def test_headers_are_put_back_once() -> None:
    write, before, after = HeaderWrite({}, STAMP), version_of(), version_of()
    backup = HeaderBackup(write, "a.fits", before, after, ["SIMPLE"])
    assert (backup.write, backup.path, backup.headers) == (write, "a.fits", ["SIMPLE"])
    assert (backup.before, backup.after) == (before, after)
    assert write.open_backups() == [backup]
    backup.restored_by_id = 3
    with pytest.raises(StateError, match="nothing left of activity"):
        write.open_backups()


@pytest.mark.parametrize("is_same", [True, False])
def test_isolation_keeps_what_a_tool_changed(is_same: bool) -> None:
    version, activity = version_of(), ingest()
    after = version.sha256 if is_same else "b" * 64
    changes = CardChanges({"SCI,1": HduChanges({"A": 1, "B": 2}, {"C": 1}, {"D": (1, 2)}, True)})
    check = InputProof(activity, version, "TweakReg", after, changes)
    assert (check.is_untouched, check.sha256_before, check.sha256_after) == (
        is_same, version.sha256, after
    )  # fmt: skip
    counts = (check.cards_added, check.cards_removed, check.cards_changed, check.pixels_changed)
    assert counts == (2, 1, 1, True)
    assert (check.activity, check.version, check.tool) == (activity, version, "TweakReg")
    assert check.changes == changes.as_document()


def test_lines_in_the_books_are_about_what_they_were_written_about() -> None:
    version = version_of()
    product, exposure = version.product, version.exposure
    assert exposure is not None
    solution = AlignmentSolution.found(version, ingest(), wcs())
    subjects = {
        "visit": product.visit, "exposure": exposure, "product": product,
        "solution": solution, "activity": ingest(), "none": None,
    }  # fmt: skip
    for name, subject in subjects.items():
        entry = BookEntry(subject, EntryKind.FLAG, "Ada", "a trail", "satellite")
        told = {one: getattr(entry, one) for one in subjects if one != "none"}
        assert told == {one: subject if one == name else None for one in told}
        assert entry.sentence == "flag satellite by Ada: a trail"
        assert entry.holds
    note = BookEntry(None, EntryKind.NOTE, "Ada", "seen")
    assert note.sentence == "note by Ada: seen"
    with pytest.raises(StateError, match="needs a reason"):
        note.withdraw("Bob", " ")
    note.withdraw("Bob", "wrong")
    assert not note.holds
    assert (note.withdrawn_by, note.withdrawn_why) == ("Bob", "wrong")
    with pytest.raises(StateError, match="was withdrawn already"):
        note.withdraw("Bob", "again")
    for kind in set(EntryKind) - {EntryKind.NOTE, EntryKind.FLAG}:
        done = BookEntry(ingest(), kind, "Ada", "paper")
        with pytest.raises(StateError, match="it is no note or flag") as refused:
            done.withdraw("Bob", "mistake")
        assert ("runs unpin" in refused.value.advice) is (kind is EntryKind.PIN)
        assert done.holds


def test_a_bad_delivery_does_not_end_before_it_begins() -> None:
    one = BadDelivery("idc", "2017-01-01", "2017-01-01", "wrong table", "Ada")
    told = (one.name, one.began_on, one.ended_on, one.what, one.author)
    assert told == ("idc", "2017-01-01", "2017-01-01", "wrong table", "Ada")
    assert BadDelivery("idc", "2017-01-01", "2017-02-01", "wrong", "Ada").ended_on == "2017-02-01"
    with pytest.raises(StateError, match="before it begins"):
        BadDelivery("idc", "2017-01-02", "2017-01-01", "wrong", "Ada")


def test_a_catalogue_takes_the_place_of_another_once() -> None:
    one, other = catalog(), catalog()
    one.supersede(other)
    assert other.superseded_by is one
    with pytest.raises(StateError, match="cannot replace"):
        one.supersede(one)
    with pytest.raises(StateError, match="cannot replace"):
        other.supersede(catalog())


def test_a_catalogue_is_the_same_with_the_same_sources_epoch_and_use() -> None:
    one = catalog()
    use = CatalogUse()
    assert one.use == use
    assert one.is_same_content("c" * 64, 2016.0, use)
    assert not one.is_same_content("d" * 64, 2016.0, use)
    assert not one.is_same_content("c" * 64, 2015.0, use)
    assert not one.is_same_content("c" * 64, 2016.0, CatalogUse(WithoutMotion.DROP))
    one._keep(CatalogUse(WithoutMotion.KEEP, 10.0, 20.0), MotionFacts(3, 2015.5, 1.0, -2.0))
    assert one.use == CatalogUse(WithoutMotion.KEEP, 10.0, 20.0)
    kept = (
        one.sources_without_motion,
        one.still_epoch,
        one.motion_ra_mas_yr,
        one.motion_dec_mas_yr,
    )
    assert kept == (3, 2015.5, 1.0, -2.0)


def test_a_header_of_another_detector_is_not_that_of_an_exposure_unless_a_log_names_it() -> None:
    other = replace(facts_of(), detector="UVIS")
    exposure = Exposure(Visit.of(facts_of()), facts_of().rootname)
    assert exposure.contradicted_by(other) is None
    exposure.learn(facts_of())
    assert exposure.contradicted_by(replace(facts_of(), detector="ir")) is None
    assert exposure.contradicted_by(other) == (
        f"its header says WFC3/UVIS, and {exposure.rootname} is an exposure of WFC3/IR in this "
        "ledger: one of the two has the ROOTNAME of the other"
    )


@pytest.mark.parametrize("off_s", [-3700.0, -59.0, 0.0, 59.0, 3700.0])
def test_a_header_of_another_start_is_doubted_beyond_a_minute(off_s: float) -> None:
    exposure = Exposure(Visit.of(facts_of()), facts_of().rootname)
    start = facts_of().expstart_mjd
    assert start is not None
    other = replace(facts_of(), expstart_mjd=start + off_s / 86_400)
    assert exposure.doubt_about(other) is None
    exposure.learn(facts_of())
    said = exposure.doubt_about(other)
    assert (said is not None) == (abs(off_s) > 60)
    assert said is None or "its EXPSTART is 3,700 s off" in said
    assert exposure.doubt_about(replace(facts_of(), expstart_mjd=None)) is None
    exposure.target_name = None
    exposure.learn(other)
    assert exposure.target_name == (None if said else "HORSEHEAD")


def test_an_exposure_of_a_log_learns_from_a_header_once() -> None:
    rootname = Rootname("ibxl50ivq")
    exposure = Exposure(Visit.of(facts_of()), rootname)
    assert (exposure.rootname, exposure.instrument) == ("ibxl50ivq", "WFC3")
    assert exposure.known_from is KnownFrom.LOG
    with pytest.raises(StateError, match="is only named in a log"):
        _ = exposure.as_facts
    exposure.learn(facts_of())
    assert exposure.known_from is KnownFrom.HEADER
    assert exposure.as_facts == facts_of()
    exposure.learn(replace(facts_of(), exptime_s=1.0))
    assert exposure.exptime_s == 502.9
    for name in ("filters", "detector", "exptime_s"):
        kept = getattr(exposure, name)
        setattr(exposure, name, None)
        with pytest.raises(StateError, match="is only named in a log"):
            _ = exposure.as_facts
        setattr(exposure, name, kept)
    assert exposure.epoch_year == pytest.approx(2012.8679, abs=1e-3)
    with pytest.raises(ValueError, match="is not of a known instrument"):
        Exposure(exposure.visit, Rootname("zbxl50ivq"))


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 41])
def test_a_preset_needs_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid name of a preset"):
        Preset(name, {}, "Ada")


def test_a_preset_keeps_its_options_and_who_made_them() -> None:
    preset = Preset("x" * 40, {"a": 1}, "Ada")
    assert (preset.options, preset.author) == ({"a": 1}, "Ada")
    preset.change({"b": 2}, "Bob")
    assert (preset.options, preset.author) == ({"b": 2}, "Bob")
    assert preset.made_at is not None


def test_a_passband_keeps_its_limits() -> None:
    one = Passband("WFC3", "IR", "F160W", (1.4e-6, 1.7e-6), "handbook")
    assert (one.instrument, one.detector, one.filter_name) == ("WFC3", "IR", "F160W")
    assert (one.em_min_m, one.em_max_m, one.source) == (1.4e-6, 1.7e-6, "handbook")


def test_content_is_read_from_what_skydb_keeps() -> None:
    version = version_of()
    first = version.path
    assert not version.is_managed
    version.see_at("kept", is_managed=True)
    assert (version.path, version.is_managed) == ("kept", True)
    version.see_at("kept", is_managed=False)
    assert version.is_managed
    version.leave("kept")
    assert (version.path, version.is_managed) == (first, False)
    version.leave(first)
    with pytest.raises(StateError, match="No file of ibxl50ivq@1 is known"):
        _ = version.path
    place, other = FileLocation("x", is_managed=False), version_of()
    place.move_to(other, is_managed=True)
    assert (place.version, place.is_managed) == (other, True)


def test_versions_have_contents_and_flags_of_their_own() -> None:
    version = version_of()
    assert version.content_id == version.sha256
    assert version.note_flags(replace(file_of(), dq_sha256="d" * 64))
    assert version.content_id == f"{version.sha256}+{'d' * 64}"
    assert not version.note_flags(file_of())
    assert not version.note_flags(replace(file_of(), dq_sha256="".join("d" for _ in range(64))))
    assert version.dq_sha256 == "d" * 64


def test_a_version_with_notes_never_stands_for_the_product() -> None:
    version = version_of()
    solution = AlignmentSolution.found(version, ingest(), wcs())
    noted = version.annotate(file_of(sha256="e" * 64), "noted")
    assert version.annotate(file_of(sha256="e" * 64), "noted") is noted
    assert noted.product.latest is version
    assert noted.current_solution is solution
    assert (noted.origin, noted.is_managed, noted.is_annotated) == (version, True, True)
