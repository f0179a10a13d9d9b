"""Views and answers go out whole, alike from both databases."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from astropy.table import Table
from sqlalchemy import text

from skydb.errors import UsageError
from tests.commands import skydb
from tests.ledgers import interface_of
from tests.services.footprints import Observatory, box, wcs_of

PLACE = (85.25, -2.46)


def filled(services):
    with services.context.store.writing() as session:
        sky = Observatory(session)
        sky.expose("ibxl50aaq", wcs_of(box(PLACE), box((85.25, -2.42))), expend_mjd=56244.6)
        sky.expose("ibxl50abq", wcs_of(), filters="F999W", target_name="\u03b1 <Cen> & co")
        sky.drizzle("ibxl50010", ["ibxl50aaq"], wcs_of(box(PLACE, 0.2)))
        session.commit()
    return services


@pytest.fixture
def ledger(services):
    return filled(services)


@pytest.fixture
def ledger_anywhere(services_anywhere):
    return filled(services_anywhere)


def _exported(services, path, **question):
    return services.export.export(path, **question)


def test_obscore_goes_out_as_a_votable_that_a_validator_is_content_with(ledger_anywhere, tmp_path):
    path = tmp_path / "obscore.vot"
    outcome = _exported(ledger_anywhere, path)
    assert (outcome.path, outcome.rows) == (str(path), 3)
    said = io.StringIO()
    assert votable.validate(str(path), output=said), said.getvalue()
    (table,) = votable.parse(str(path), verify="exception").iter_tables()
    fields = {field.name: field for field in table.fields}
    assert table.name == "ivoa_obscore"
    assert fields["em_min"].utype == "obscore:Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit"
    assert (str(fields["em_min"].unit), fields["em_min"].ucd) == ("m", "em.wl;stat.min")
    assert (str(fields["t_min"].unit), fields["t_min"].ref) == ("d", "utc")
    assert fields["calib_level"].datatype == "long"
    rows = {row["obs_id"]: row for row in table.to_table(use_names_over_ids=True)}
    assert rows["ibxl50aaq"]["s_region"].startswith("UNION ICRS (POLYGON")
    assert rows["ibxl50abq"]["em_min"].mask and rows["ibxl50abq"]["s_xel1"].mask
    assert rows["ibxl50abq"]["target_name"] == "\u03b1 <Cen> & co"


@pytest.mark.parametrize("suffix", ["ecsv", "csv", "vot", "parquet"])
def test_every_format_has_all_rows(ledger, tmp_path, suffix):
    path = tmp_path / f"footprints.{suffix}"
    assert _exported(ledger, path, view="v_footprints").rows == 3
    read = {
        "csv": lambda: Table.read(path, format="ascii.csv"),
        "ecsv": lambda: Table.read(path, format="ascii.ecsv"),
        "vot": lambda: Table.read(path, format="votable"),
        "parquet": lambda: pq.read_table(path).to_pylist(),
    }[suffix]
    assert sorted(row["extver"] for row in read()) == [1, 1, 2]


ANSWER = """
    SELECT e.rootname, e.exptime_s, e.id AS big, a.created_at, a.finished_at, pv.is_own_name,
           e.id = 1 AS downgraded, NULL AS lacking, COUNT(*) AS files, SUM(pv.size_bytes) AS total,
           AVG(pv.size_bytes) AS mean_s
      FROM exposures e JOIN products p ON p.exposure_id = e.id
      JOIN product_versions pv ON pv.product_id = p.id CROSS JOIN activities a
     GROUP BY e.rootname, e.exptime_s, e.id, a.created_at, a.finished_at, pv.is_own_name
     ORDER BY e.rootname
"""


def test_an_answer_has_the_same_types_from_both_databases(ledger_anywhere, tmp_path):
    with ledger_anywhere.context.store.writing() as session:
        session.execute(
            text("UPDATE activities SET created_at = :at"),
            {"at": datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)},
        )
        session.commit()
    path = tmp_path / "answer.parquet"
    _exported(ledger_anywhere, path, sql=ANSWER)
    table = pq.read_table(path)
    types = {field.name: str(field.type) for field in table.schema}
    # SQLite has no truth values, and a table's own column is documented nowhere.
    assert types.pop("is_own_name") in ("bool", "int64")
    assert types == {
        "rootname": "string", "exptime_s": "double", "big": "int64",
        "created_at": "timestamp[us, tz=UTC]", "finished_at": "timestamp[us, tz=UTC]",
        "downgraded": "bool", "lacking": "string", "files": "int64", "total": "int64",
        "mean_s": "double",
    }  # fmt: skip
    first = table.to_pylist()[0]
    assert first["created_at"] == datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    assert (first["downgraded"], first["total"], first["lacking"]) == (True, 10_000, None)
    assert table.schema.field("mean_s").metadata == {b"unit": b"s"}


def test_times_are_iso_without_a_zone_in_text(ledger_anywhere, tmp_path):
    path = tmp_path / "answer.csv"
    _exported(ledger_anywhere, path, sql="SELECT created_at, finished_at FROM activities")
    written = path.read_text().splitlines()[1]
    moment, _, rest = written.partition(",")
    assert datetime.fromisoformat(moment).tzinfo is None and "T" in moment
    assert rest == ""


def test_long_answers_are_read_in_parts(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr("skydb.services.lookup.export._PART", 7)
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        " SELECT i, CASE WHEN i > 90 THEN i + 0.5 END AS late FROM n ORDER BY i"
    )
    path = tmp_path / "numbers.parquet"
    assert _exported(ledger, path, sql=numbers).rows == 100
    table = pq.read_table(path)
    assert table["i"].to_pylist() == list(range(1, 101))
    assert table["late"].to_pylist() == [None] * 90 + [i + 0.5 for i in range(91, 101)]


@pytest.mark.parametrize(
    "question",
    [{"view": "v_footprints", "sql": "SELECT 1"}, {"view": "no_such_view"}, {"view": "a b"},
     {"sql": "DELETE FROM visits"}, {"sql": "nonsense"}],
)  # fmt: skip
def test_what_cannot_be_answered_is_wrong_usage_and_leaves_nothing(services, tmp_path, question):
    with pytest.raises(UsageError):
        _exported(services, tmp_path / "out.csv", **question)
    assert not list(tmp_path.glob("*out*"))


def test_the_command_says_where_and_how_many(sqlite_ledger_url, tmp_path):
    path = tmp_path / "out.ecsv"
    answer = skydb("--db", sqlite_ledger_url, "export", path, "--json")
    assert answer.code == 0, answer.err
    assert {"path": str(path), "rows": 0}.items() <= answer.document.items()
    assert skydb("--db", sqlite_ledger_url, "export", tmp_path / "out.doc").code == 2
    told = skydb("--db", sqlite_ledger_url, "export", path, "--view", "passbands")
    assert told.out.strip().endswith("rows")


def test_the_python_interface_exports_too(ledger, tmp_path):
    done = interface_of(ledger).export(tmp_path / "out.csv", view="v_footprints")
    assert done["rows"] == 3


@pytest.mark.parametrize(("words", "cell"), [([], "'=1+1"), (["--raw"], "=1+1")])
def test_a_formula_goes_out_as_a_text_unless_it_is_to_be_raw(ledger, tmp_path, words, cell):
    out, url = tmp_path / "t.csv", ledger.context.store.engine.url.render_as_string()
    asked = "SELECT '=1+1' AS said, -1 AS number_of_it"
    assert skydb("--db", url, "export", out, "--sql", asked, *words).code == 0
    assert out.read_text().splitlines() == ["said,number_of_it", f"{cell},-1"]


SKIES = """SELECT 'ibxl50aaq' AS rootname, 0.5 AS mdrizsky, 'electron/s' AS unit UNION ALL
SELECT 'ibxl50abq', NULL, NULL UNION ALL SELECT 'ibxl50acq', 60.0, '{}'"""


@pytest.mark.parametrize(
    ("other", "unit"), [("electron/s", "electron / s"), ("electron", None), ("chair", None)]
)
@pytest.mark.parametrize("suffix", ["ecsv", "vot"])
def test_skies_carry_the_unit_that_all_of_them_have(ledger, tmp_path, suffix, other, unit):
    path = tmp_path / f"skies.{suffix}"
    _exported(ledger, path, sql=SKIES.format(other))
    read = Table.read(path, format={"ecsv": "ascii.ecsv", "vot": "votable"}[suffix])
    # In a VOTable it is a unit of its own, for VOUnits have no electrons.
    found = read["mdrizsky"].unit
    assert (None if found is None else str(found)) == unit
    if suffix == "vot":
        assert votable.validate(str(path), output=io.StringIO())
    assert read["unit"][2] == other
