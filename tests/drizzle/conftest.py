import pytest

from skydb.drizzle.astrodrizzle import AstroDrizzle, ProductJob
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from tests.drizzle.exposures import Exposure, write_exposure

POINTING_ERROR_MAS = (300.0, -200.0)


@pytest.fixture(scope="session")
def runner():
    return DrizzlepacRunner(timeout_s=120)


@pytest.fixture(scope="session")
def mosaic_field(tmp_path_factory):
    """Four exposures that overlap, each with its own sky, with perfect pointing."""
    directory = tmp_path_factory.mktemp("field")
    exposures = [
        Exposure("ibxl50aaq", (0.0, 0.0), 1.20),
        Exposure("ibxl50abq", (6.0, 4.0), 0.80),
        Exposure("ibxl51acq", (-5.0, 7.0), 1.05),
        Exposure("ibxl51adq", (4.0, -8.0), 0.95),
    ]
    for seed, exposure in enumerate(exposures):
        write_exposure(directory, exposure, seed)
    return exposures


@pytest.fixture(scope="session")
def visit(tmp_path_factory):
    """Two dithered exposures of one visit, with one pointing error."""
    directory = tmp_path_factory.mktemp("visit")
    exposures = [
        Exposure("ibxl50aaq", (0.0, 0.0), 1.20, POINTING_ERROR_MAS),
        Exposure("ibxl50abq", (1.3, 0.4), 1.21, POINTING_ERROR_MAS),
    ]
    for seed, exposure in enumerate(exposures):
        write_exposure(directory, exposure, seed)
    return exposures


@pytest.fixture(scope="session")
def product(visit, runner, tmp_path_factory):
    """The DRZ of the visit, as the archive would make it."""
    inputs = [exposure.path for exposure in visit]
    settings = AstroDrizzleSettings.pipeline()
    scratch = tmp_path_factory.mktemp("product")
    job = ProductJob(tuple(inputs), "ibxl50010", settings)
    return AstroDrizzle(runner).make_products([job], scratch)[0]
