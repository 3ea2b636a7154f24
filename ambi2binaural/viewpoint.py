"""Where to look in each second: towards the region of the highest mean energy."""

from dataclasses import dataclass

import numpy as np

from ambi2binaural.energy import AZIMUTHS_DEG, ELEVATIONS_DEG, region_mean
from simbinaural.ambisonics import rotation
from simbinaural.errors import require, require_shape
from simbinaural.geometry import conjugate, orientation_towards

SILENCE_DB = -70.0
TIE = 1e-6
"""Share by which energies differ through rounding: a tie then, so that formats agree."""
FRONT = (int(np.argmin(np.abs(ELEVATIONS_DEG))), int(np.argmin(np.abs(AZIMUTHS_DEG))))


@dataclass(frozen=True, eq=False)
class Viewpoints:
    """Directions of the view, second by second.

    Attributes
    ----------
    views : (seconds, 2) numpy.ndarray of float32
        azimuth_deg, elevation_deg; a silent second keeps the last one's, and before the first
        sound the view already waits where that will come from.
    marked : (seconds, 2) numpy.ndarray of float32
        The same, with NaN in silent seconds.
    """

    views: np.ndarray
    marked: np.ndarray


def choose_views(covariances, *, steady_db=0.0, silence_db=SILENCE_DB):
    """Choose the loudest region of each second.

    Parameters
    ----------
    covariances : (seconds, 4, 4) array_like
        As of `ambi2binaural.energy.EnergyMeter`.
    steady_db : float
        The view stays until another region is louder by more than this; not negative.
    silence_db : float
        A second is silent where the mean power of W is below this, dB of full scale.

    Returns
    -------
    Viewpoints
        On the grid of the energy map.

    Raises
    ------
    InputError
        If the covariances have another shape or `steady_db` is negative.

    Notes
    -----
    Straight above and below, where every azimuth is the same direction, the last azimuth is kept:
    the picture does not spin. Where all directions are equally loud, nothing moves.
    """
    covariances = np.asarray(covariances, dtype=float)
    require_shape("covariances", covariances, (None, 4, 4))
    require(steady_db >= 0, f"steady_db must not be negative, got {steady_db:g}")
    marked = np.full((len(covariances), 2), np.nan, np.float32)
    place, margin = FRONT, 1 + TIE
    for second in np.flatnonzero(covariances[:, 0, 0] > 10 ** (silence_db / 10)):
        place = _next_place(region_mean(covariances[second]), place, margin)
        margin = max(10 ** (steady_db / 10), 1 + TIE)  # there is a view to stay with now
        marked[second] = AZIMUTHS_DEG[place[1]], ELEVATIONS_DEG[place[0]]
    return Viewpoints(_fill(marked), marked)


def _next_place(energy, place, margin):
    """Row and column of the loudest region, or `place` if that is nearly as loud."""
    loudest = energy.max()
    if loudest <= energy[place] * margin:
        return place
    row, column = np.unravel_index(np.argmax(energy >= loudest * (1 - TIE)), energy.shape)
    if abs(ELEVATIONS_DEG[row]) == 90:
        column = place[1]
    return int(row), int(column)


def _fill(marked):
    """Let silent seconds keep the last direction, the first ones the first; front if none."""
    heard = np.flatnonzero(~np.isnan(marked[:, 0]))
    if not len(heard):
        return np.zeros_like(marked)
    latest = np.searchsorted(heard, np.arange(len(marked)), side="right") - 1
    return marked[heard[np.maximum(latest, 0)]]


def view_rotation(azimuth_deg, elevation_deg, order=1):
    """Channel matrix that turns a sound field to a level head that looks at a direction.

    Parameters
    ----------
    azimuth_deg, elevation_deg : float
        Where the head looks.
    order : int
        Ambisonic order.

    Returns
    -------
    ((order + 1) ** 2, (order + 1) ** 2) numpy.ndarray
        What came from there comes from the front; what came from above the view stays above.
    """
    return rotation(conjugate(orientation_towards(azimuth_deg, elevation_deg)), order)
