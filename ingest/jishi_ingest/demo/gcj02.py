"""Shifts coordinates to GCJ-02 火星坐标 as map vendors deliver them; the demo city's own way to plant a false datum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_AXIS_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323


def to_gcj02(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Degrees of CGCS2000 to degrees of GCJ-02 by the public formula (approximate, about 1 m); 400–650 m off in China.

    >>> east, north = to_gcj02(np.array([121.5272106]), np.array([31.1774276]))
    >>> round(float(east[0]), 6), round(float(north[0]), 6)
    (121.531542, 31.175304)
    """
    x, y = longitude - 105.0, latitude - 35.0
    ripple = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (ripple + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (ripple + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    radians = np.radians(latitude)
    magic = 1.0 - _ECCENTRICITY_SQUARED * np.sin(radians) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * np.sqrt(magic))
    parallel_m = _AXIS_M / np.sqrt(magic) * np.cos(radians)
    return longitude + np.degrees(east / parallel_m), latitude + np.degrees(north / meridian_m)
