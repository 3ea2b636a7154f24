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

    @classmethod
    def of(cls, chosen):
        """Gather what a `ViewChooser` chose, second by second."""
        views = np.array([each[:2] for each in chosen], np.float32).reshape(-1, 2)
        sounds = np.array([each[2] for each in chosen], bool)
        return cls(views, np.where(sounds[:, None], views, np.float32(np.nan)))


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
    chooser = ViewChooser(steady_db=steady_db, silence_db=silence_db)
    return Viewpoints.of([*chooser.feed(covariances), *chooser.finish()])


class ViewChooser:
    """`choose_views` of a sound that is still being heard.

    Parameters
    ----------
    steady_db, silence_db : float
        As of `choose_views`.

    Raises
    ------
    InputError
        If `steady_db` is negative.
    """

    def __init__(self, *, steady_db=0.0, silence_db=SILENCE_DB):
        require(steady_db >= 0, f"steady_db must not be negative, got {steady_db:g}")
        self._steady = max(10 ** (steady_db / 10), 1 + TIE)
        self._silence = 10 ** (silence_db / 10)
        self._place = None
        self._n_waiting = 0

    def feed(self, covariances):
        """Hear the next seconds.

        Parameters
        ----------
        covariances : (seconds, 4, 4) array_like
            Of any number of seconds.

        Returns
        -------
        list of (float, float, bool)
            azimuth_deg and elevation_deg of the views that are known by now and were not before,
            and whether the second sounds. Silence before the first sound waits for that.

        Raises
        ------
        InputError
            If the covariances have another shape.
        """
        covariances = np.asarray(covariances, dtype=float)
        require_shape("covariances", covariances, (None, 4, 4))
        chosen = []
        for covariance in covariances:
            sounds = bool(covariance[0, 0] > self._silence)
            if sounds:
                # Before the first sound there is no view to stay with.
                place, margin = (self._place, self._steady) if self._place else (FRONT, 1 + TIE)
                self._place = _next_place(region_mean(covariance), place, margin)
            elif self._place is None:
                self._n_waiting += 1
                continue
            chosen += self._waited()
            chosen.append((*_direction(self._place), sounds))
        return chosen

    def finish(self):
        """Views of the seconds that still wait: to the front, since nothing sounds."""
        return self._waited()

    def _waited(self):
        waited = [(*_direction(self._place or FRONT), False)] * self._n_waiting
        self._n_waiting = 0
        return waited


def _direction(place):
    """azimuth_deg and elevation_deg of a row and column of the map."""
    row, column = place
    return float(AZIMUTHS_DEG[column]), float(ELEVATIONS_DEG[row])


def _next_place(energy, place, margin):
    """Row and column of the loudest region, or `place` if that is nearly as loud."""
    loudest = energy.max()
    if loudest <= energy[place] * margin:
        return place
    row, column = np.unravel_index(np.argmax(energy >= loudest * (1 - TIE)), energy.shape)
    if abs(ELEVATIONS_DEG[row]) == 90:
        column = place[1]
    return int(row), int(column)


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
