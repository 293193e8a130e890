"""Undoes GCJ-02 and BD-09, the shifts of Chinese map vendors, where a source declares one (step standardise).

The forward formula is the public reverse-engineered one; there is no exact inverse, so it is iterated. Result: about a
metre, of WGS 84 taken as CGCS2000 (EPSG:4490; the two agree within the accuracy of any shared map). Degrees, longitude
first. Official data should come in CGCS2000 from its source instead.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Degrees = npt.NDArray[np.float64]

_A: Final = 6_378_245.0  # Krasovsky 1940, which the shift is computed on
_EE: Final = 0.00669342162296594323
_BD: Final = np.pi * 3000.0 / 180.0
_ROUNDS = 6  # each round divides the error by a hundred or more


def shift(longitude: Degrees, latitude: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 → GCJ-02.

    >>> x, y = shift(np.array([121.5272106]), np.array([31.1774276]))
    >>> round(float(x[0]), 7), round(float(y[0]), 7)
    (121.5315419, 31.175304)
    """
    x, y = longitude - 105.0, latitude - 35.0
    root, wave = np.sqrt(np.abs(x)), (20.0 * np.sin(6 * np.pi * x) + 20.0 * np.sin(2 * np.pi * x)) * 2 / 3
    north = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave + _waves(y, 160.0)
    east = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave + _waves(x, 150.0)
    radians = np.radians(latitude)
    magic = 1 - _EE * np.sin(radians) ** 2
    across = np.degrees(east / (_A / np.sqrt(magic) * np.cos(radians)))
    along = np.degrees(north / ((_A * (1 - _EE)) / (magic * np.sqrt(magic))))
    return longitude + across, latitude + along


def unshift(longitude: Degrees, latitude: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 → WGS 84, by fixed-point iteration of :func:`shift`.

    >>> x, y = unshift(np.array([113.9171765]), np.array([22.5407961]))
    >>> round(float(x[0]), 6), round(float(y[0]), 6)
    (113.912316, 22.543847)
    """
    x, y = longitude.copy(), latitude.copy()
    for _ in range(_ROUNDS):
        there_x, there_y = shift(x, y)
        x, y = x + longitude - there_x, y + latitude - there_y
    return x, y


def from_bd09(longitude: Degrees, latitude: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 → GCJ-02 (the public formula; a few metres at worst)."""
    x, y = longitude - 0.0065, latitude - 0.006
    radius = np.hypot(x, y) - 0.00002 * np.sin(y * _BD)
    angle = np.arctan2(y, x) - 0.000003 * np.cos(x * _BD)
    return radius * np.cos(angle), radius * np.sin(angle)


def _waves(along: Degrees, height: float) -> Degrees:
    """The sines of periods 2, 6, 24 and 60 degrees; the two longest have the direction's own height."""
    short = 20.0 * np.sin(np.pi * along) + 40.0 * np.sin(np.pi * along / 3)
    long = height * np.sin(np.pi * along / 12) + 2 * height * np.sin(np.pi * along / 30)
    return (short + long) * 2 / 3
