from __future__ import annotations

import io
import pickle

from IPython.core.formatters import DisplayFormatter
from matplotlib import pyplot
from PIL import Image

from skydb.report.style import DPI, new_figure


def test_a_notebook_shows_a_figure_that_pyplot_does_not_know() -> None:
    figure = new_figure(3.0, 2.0)
    shown, about = DisplayFormatter().format(figure)
    assert Image.open(io.BytesIO(shown["image/png"])).size == (3 * DPI, 2 * DPI)
    assert about["image/png"] == {"width": 240}
    assert pyplot.get_fignums() == []


def test_a_figure_goes_into_another_process() -> None:
    figure = pickle.loads(pickle.dumps(new_figure(3.0, 2.0)))
    assert (figure.get_figwidth(), figure.get_figheight(), figure.dpi) == (3.0, 2.0, DPI)
