"""Figures that a notebook shows by themselves."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: Pixels an inch on the page of a notebook; the image has more, for screens that show more.
_SHOWN_DPI = 80


class Picture(Figure):
    """A figure that pyplot does not know of, and that Jupyter shows all the same.

    Jupyter shows figures of matplotlib only after pyplot was imported.

    Parameters
    ----------
    width_in, height_in : float
        Size in inches.
    dpi : int
        Pixels an inch.
    """

    def __init__(self, width_in: float, height_in: float, dpi: int) -> None:
        super().__init__(figsize=(width_in, height_in), dpi=dpi, layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=self.dpi)
        return stream.getvalue(), {"width": round(self.get_figwidth() * _SHOWN_DPI)}
