"""Datasette's tables and questions, in the look and with the links of the other pages."""

from __future__ import annotations

import pytest

from skydb.browse.meanings import FACETS, VIEWS, column_meaning
from skydb.store.columns import documented
from skydb.store.cookbook import questions
from skydb.store.views import view_names
from tests.browse.asked import Pages


def test_every_view_has_a_meaning() -> None:
    assert set(VIEWS) == set(view_names())
    assert all({*view.find_by} <= {one.name for one in documented()[name]}
               for name, view in VIEWS.items())  # fmt: skip


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_view_shows_its_rows_and_the_meanings_of_its_columns(get: Pages, view: str) -> None:
    page = get(f"/ledger/{view}")
    assert page.status == 200 and "<script" not in page.text
    for column in documented()[view]:
        assert f"<dt>{column.name}</dt>" in page.text, column.name


def test_units_stand_in_the_descriptions() -> None:
    assert column_meaning("v_alignment_history", "rms_ra_mas").endswith("[mas]")
    assert column_meaning("v_sky_values", "mdrizsky").endswith("[see unit]")


def test_views_are_broken_down_by_filter_detector_and_method(get: Pages) -> None:
    page = get("/ledger/v_sky_values")
    for name, value in (("filter", "F160W (8)"), ("detector", "IR (8)"),
                        ("effective_method", "localmin (4)")):  # fmt: skip
        assert f'id="facet-{name}"' in page.text and value in page.words
    assert {"filter", "detector", "method"} <= set(FACETS)


def test_ids_lead_to_their_pages_in_tables_and_answers(get: Pages) -> None:
    page = get("/ledger/v_sky_values?run_id=6")
    assert {"/exposure/ibxl50clq", "/visit/bxl50", "/run/6"} <= set(page.links)
    asked = get("/ledger?sql=SELECT+rootname,+run_id+FROM+v_sky_values+LIMIT+1")
    assert {"/exposure/ibxl50clq", "/run/6"} <= set(asked.links)


@pytest.mark.parametrize("view", ["v_sky_values", "v_visit_status", "v_footprints"])
def test_a_visit_leads_to_its_page_by_its_label_alone(get: Pages, view: str) -> None:
    asked = get(f"/ledger?sql=SELECT+visit_label+FROM+{view}+LIMIT+1")
    assert [one for one in asked.links if one.startswith("/visit/")] == ["/visit/bxl50"]
    number = get(f"/ledger?sql=SELECT+visit+FROM+{view}+LIMIT+1")
    assert not [one for one in number.links if one.startswith("/visit/")]


def test_questions_of_the_cookbook_are_asked_with_values_of_this_ledger(get: Pages) -> None:
    linked = [one for one in get("/").links if one.startswith("/ledger/")]
    names = [question.name for question in questions()]
    assert [one for one in names if any(link.startswith(f"/ledger/{one}") for link in linked)]
    answers = {}
    for name in names:
        (address,) = {one for one in linked if one.partition("?")[0] == f"/ledger/{name}"}
        answers[name] = get(address)
        assert answers[name].status == 200
    assert "proposal_id=12812" in next(one for one in linked if "disk-of-mosaics" in one)
    assert "localmin 1" in answers["disk-of-mosaics"].words
    assert "ibxl5" in answers["at-position"].words
    assert 'name="from_mjd" value="5' in answers["sky-by-date"].text


def test_nothing_can_be_written_or_downloaded(get: Pages) -> None:
    assert get("/ledger?sql=DELETE+FROM+visits").status == 400
    assert get("/ledger?sql=WITH+x+AS+(SELECT+1)+DELETE+FROM+visits").status in (400, 404)
    assert get("/ledger.db").status == 403
    assert get("/ledger/exposures", method="POST").status == 405


def test_a_wrong_question_is_answered_with_its_error(get: Pages) -> None:
    page = get("/ledger?sql=SELECT+nix+FROM+visits")
    assert page.status == 400 and "no such column: nix" in page.words
    assert "SELECT nix FROM visits" in page.text or "skip" in page.text


def test_a_question_without_an_end_is_ended(get: Pages) -> None:
    endless = (
        "WITH+RECURSIVE+n(i)+AS+(SELECT+1+UNION+ALL+SELECT+i%2B1+FROM+n)+SELECT+count(*)+FROM+n"
    )
    page = get(f"/ledger?sql={endless}")
    assert page.status == 503 and "takes too long" in page.words


def test_rows_come_as_json_and_csv_too(get: Pages) -> None:
    assert '"rootname": "ibxl50clq"' in get("/ledger/v_sky_values.json?_shape=array").text
    assert get("/ledger/v_sky_values.csv").text.startswith("run_id,started_at,rootname")


def test_an_answer_may_load_nothing_from_elsewhere(get: Pages) -> None:
    for path in ("/", "/ledger", "/ledger/v_sky_values", "/nothing"):
        policy = get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script" not in policy
        assert "http" not in policy


def test_only_the_own_name_of_this_machine_is_answered(get: Pages) -> None:
    assert get("/", host="localhost:80").status == 200
    assert get("/", host="[::1]:80").status == 200
    assert get("/", host="evil.example").status == 403
    assert get("/", host="127.0.0.1.evil.example:80").status == 403
