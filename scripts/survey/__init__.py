"""The ledger of a survey that was never observed: rows by the million, without a pixel.

For benchmarks and for trying out queries at size. Everything follows from the seed.
"""

from scripts.survey.plan import Batch, SurveyPlan
from scripts.survey.rows import survey_rows

__all__ = ["Batch", "SurveyPlan", "survey_rows"]
