"""Visits with fits that wait for review, or failed."""

from __future__ import annotations

from tests.services.survey import Survey

OLD, NEW = "iref$w3m18525i_idc.fits", "iref$2731450pi_idc.fits"


def waiting(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    survey.content(exposure)
    return survey.fit(
        survey.content(survey.drizzled(exposure)), survey.catalog(f"catalogue-{visit}")
    )


def waiting_of_its_own_file(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    return survey.fit(version, survey.catalog(f"catalogue-{visit}"))


def waiting_of_a_product_of_older_files(survey: Survey, visit: str, left: int = 1) -> object:
    """Of two exposures as many were delivered anew since."""
    exposures = [survey.exposure(visit, number) for number in (1, 2)]
    for exposure in exposures:
        survey.content(exposure, idctab=OLD)
    product = survey.content(survey.drizzled(*exposures), idctab=OLD)
    fit = survey.fit(product, survey.catalog(f"catalogue-{visit}"))
    for exposure in exposures[:left]:
        survey.content(exposure, idctab=NEW)
    return fit


def waiting_of_a_group(survey: Survey, visit: str, *, is_redelivered: bool = False) -> object:
    exposures, fit = [survey.exposure(visit, number) for number in (1, 2)], None
    catalog = survey.catalog(f"catalogue-{visit}")
    for exposure in exposures:
        fit = survey.fit(survey.content(exposure), catalog, group=fit)
    if is_redelivered:
        survey.content(exposures[0])
    return fit


def fitted(survey: Survey, visit: str, **quality: object) -> object:
    product = survey.drizzled(survey.exposure(visit))
    version = survey.content(product)
    return survey.fit(version, survey.catalog(f"catalogue-{visit}"), **quality)  # type: ignore[arg-type]


def failed_then_fitted(survey: Survey, visit: str) -> object:
    fit = fitted(survey, visit, failed=True)
    assert fit.catalog and fit.known_version  # type: ignore[attr-defined]
    return survey.fit(fit.known_version, fit.catalog)  # type: ignore[attr-defined]
