"""Makes spherical_geometry look like 1.4.0 to skypac: no iter_polygons_flat.

Put on PYTHONPATH of a subprocess; spherical_geometry's own code keeps the method,
for 1.4.0 does not need it there.
"""

import sys

from spherical_geometry.polygon import SphericalPolygon

_kept = SphericalPolygon.iter_polygons_flat


def _iter_polygons_flat(self):
    if sys._getframe(1).f_globals["__name__"].startswith("stsci.skypac"):
        raise AttributeError("'SphericalPolygon' object has no attribute 'iter_polygons_flat'")
    return _kept.__get__(self)


SphericalPolygon.iter_polygons_flat = property(_iter_polygons_flat)
