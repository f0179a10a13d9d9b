"""Makes spherical_geometry of a subprocess read array_shape as (nx, ny), as 1.3.5 does."""

from importlib import metadata

from spherical_geometry.polygon import SingleSphericalPolygon

_kept = SingleSphericalPolygon.from_wcs.__func__
_version = metadata.version


def _from_wcs(cls, wcs, steps=1, crval=None):
    swapped = wcs.deepcopy()
    swapped.pixel_shape = wcs.array_shape
    return _kept(cls, swapped, steps=steps, crval=crval)


SingleSphericalPolygon.from_wcs = classmethod(_from_wcs)
metadata.version = lambda name: "1.3.5" if name == "spherical_geometry" else _version(name)
