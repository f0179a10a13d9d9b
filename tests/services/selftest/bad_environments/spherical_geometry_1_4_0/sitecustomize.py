"""Makes spherical_geometry of a subprocess look like 1.4.0 to skypac: no iter_polygons_flat.

spherical_geometry's own code keeps the method, for 1.4.0 does not need it there.
"""

import sys
from importlib import metadata

from spherical_geometry.polygon import SphericalPolygon

_kept = SphericalPolygon.iter_polygons_flat
_version = metadata.version


def _iter_polygons_flat(self):
    if sys._getframe(1).f_globals["__name__"].startswith("stsci.skypac"):
        raise AttributeError("'SphericalPolygon' object has no attribute 'iter_polygons_flat'")
    return _kept.__get__(self)


SphericalPolygon.iter_polygons_flat = property(_iter_polygons_flat)
metadata.version = lambda name: "1.4.0" if name == "spherical_geometry" else _version(name)
