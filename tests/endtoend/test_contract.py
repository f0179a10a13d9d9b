"""The JSON keys that scripts rely on, in answers about a field that went through everything."""

import pytest

pytestmark = pytest.mark.slow

FIT = {
    "run", "product", "status", "dx_pix", "dy_pix", "rotation_deg", "scale", "x_rms_pix",
    "y_rms_pix", "nmatches", "rms_ra_mas", "rms_dec_mas", "trust",
}  # fmt: skip
SHIFT = {"rootname", "predicted_shift_mas", "realised_shift_mas", "residual_mas", "status"}
RUN = {
    "run", "requested_method", "effective_method", "downgraded", "status", "seconds", "mosaic"
}  # fmt: skip
COMPARISON = {
    "rootname", "extver", "localmin", "match", "globalmin_match", "globalmin", "unit"
}  # fmt: skip

#: Answers of the chain, by step.
STEPS = {
    "simulate": {"rootname", "sky", "pointing_error_arcsec"},
    "ingest": {"path", "rootname", "status", "reason"},
    "align run": FIT,
    "align accept": SHIFT,
    "sky run": RUN,
}

HISTORY = {"id", "origin", "wcs_name", "rms_ra_mas", "applied_at", "superseded_by"}
WCS = {
    "filename", "wcs_name", "nmatches", "rms_ra_mas", "rms_dec_mas", "rms_ra_pix", "rms_dec_pix"
}  # fmt: skip

#: Reading commands; {fit} and {rootname} are filled in.
QUESTIONS = {
    "inspect headers": {"rootname"},
    "inspect wcs": WCS,
    "align show {fit}": FIT,
    "align history {rootname}": HISTORY,
    "sky compare": COMPARISON,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_answers_with_a_list_of_objects_with_the_promised_keys(ir_field, step):
    rows = ir_field.answers[step].document
    assert isinstance(rows, list)
    assert rows
    assert all(STEPS[step] <= set(row) for row in rows)


@pytest.mark.parametrize("step", ["init", "refcat import"])
def test_a_step_about_one_thing_answers_with_one_object(ir_field, step):
    promised = {
        "init": {"revision", "is_current"},
        "refcat import": {
            "name", "sources", "epoch", "proper_motion_applied", "truncated", "sha256"
        },
    }[step]  # fmt: skip
    assert promised <= set(ir_field.answers[step].document)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_with_a_list_of_objects_with_the_promised_keys(ir_field, question):
    rootname = ir_field.truth.exposures[0].rootname
    rows = ir_field.ledger.json(*question.format(fit=ir_field.fit, rootname=rootname).split())
    assert isinstance(rows, list)
    assert rows
    assert all(QUESTIONS[question] <= set(row) for row in rows)


def test_a_step_that_answers_in_json_says_nothing_else(ir_field):
    for answer in ir_field.answers.values():
        assert answer.out.lstrip()[0] in "[{"
        assert answer.document is not None
    remarks = {step: answer.err for step, answer in ir_field.answers.items() if answer.err}
    assert remarks == {}


def test_people_see_the_same_values(ir_field):
    shown = ir_field.ledger("sky", "compare").out
    for row in ir_field.ledger.json("sky", "compare"):
        assert row["rootname"] in shown
        assert f"{row['match']:.6f}" in shown
