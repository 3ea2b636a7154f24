r"""The direct sound in a mesh: straight where it can be, else bent once around what hides it.

::

                P   nearest point beside the line that both see
              / | \
            S--[##]--L      stations along the hidden line, directions around it
"""

from typing import NamedTuple

import numpy as np

from simbinaural.acoustics.screens import transmission
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

REACH_M = 2.5
"""How far beside the straight line a way round is looked for."""

_N_TURNS = 24
_RADII = REACH_M * 1.5 ** -np.arange(10.0)[::-1]
_HALVINGS = 4
_APART = 4  # turns, 60 degrees: ways nearer to each other are one


class Direct(NamedTuple):
    """How the direct sound comes.

    Attributes
    ----------
    vector : (3,) numpy.ndarray
        World, metres: from the listener to where it seems to come from, as long as its way.
    energy : (7,) numpy.ndarray
        Without 1/d^2.
    exit : (3,) numpy.ndarray
        World: the point towards which it leaves the source.
    """

    vector: np.ndarray
    energy: np.ndarray
    exit: np.ndarray


def direct_paths(caster, source, listeners):
    """Find the direct sound of a source at each listener.

    Parameters
    ----------
    caster : RayCaster
    source : (3,) numpy.ndarray
        World, metres.
    listeners : (listeners, 3) numpy.ndarray
        World, metres.

    Returns
    -------
    list of Direct or None
        None where nothing comes straight, nor around one edge.

    Notes
    -----
    A hidden line is searched where it enters and leaves what hides it, and between: in 24
    directions around it, for the nearest point within `REACH_M` that both ends see. Each such way
    that is a shortest one among its neighbors' passes Maekawa's energy for its detour
    (`simbinaural.acoustics.screens`); they add up, to 1 at most, and come the shortest way.
    """
    seen = caster.sees(listeners, source)
    return [
        Direct(source - listener, np.ones(len(OCTAVE_BANDS_HZ)), listener)
        if sees
        else _bent(caster, source, listener)
        for listener, sees in zip(listeners, seen, strict=True)
    ]


def _bent(caster, source, listener):
    """Direct sound around what hides it, or None."""
    points, detours = _ways_round(caster, source, listener)
    nearest = np.argmin(detours, axis=0)
    turns = np.arange(_N_TURNS)
    best = _shortest(detours[nearest, turns])
    if len(best) == 0:
        return None
    ways = points[nearest[best], best], detours[nearest[best], best]
    energy = np.minimum(transmission(ways[1]).sum(axis=0), 1.0)
    edge = ways[0][0]
    back = edge - listener
    length = np.linalg.norm(source - listener) + ways[1][0]
    return Direct(back / np.linalg.norm(back) * length, energy, edge)


def _ways_round(caster, source, listener):
    """Nearest points (stations, turns, 3) that both see, and detours (stations, turns)."""
    stations, across = _stations(caster, source, listener)

    def place(radii):
        return stations[:, None] + radii[..., None] * across

    def sees(radii):
        points = place(radii)
        return caster.sees(source, points) & caster.sees(listener, points)

    shape = len(stations), _N_TURNS
    opens = np.stack([sees(np.full(shape, radius)) for radius in _RADII])
    step = np.argmax(opens, axis=0)
    high = _RADII[step]
    low = np.where(step > 0, _RADII[np.maximum(step - 1, 0)], 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        through = sees(middle)
        low, high = np.where(through, low, middle), np.where(through, middle, high)
    points = place(high)
    detours = sum(np.linalg.norm(points - end, axis=-1) for end in (source, listener))
    detours -= np.linalg.norm(source - listener)
    return points, np.where(opens.any(axis=0), detours, np.inf)


def _stations(caster, source, listener):
    """Points (stations, 3) of the line to look beside, and directions (turns, 3) across it."""
    way = listener - source
    ends = np.stack([source, listener]).astype(np.float32)
    enter, leave = caster.first_hits(ends, np.stack([way, -way]).astype(np.float32)).distance
    # Directions start level and upright: most edges are.
    level = np.cross(way, (0.0, 1.0, 0.0))
    if np.linalg.norm(level) < 1e-3 * np.linalg.norm(way):
        level = np.array([1.0, 0.0, 0.0])
    level /= np.linalg.norm(level)
    upright = np.cross(level, way / np.linalg.norm(way))
    angle = 2 * np.pi / _N_TURNS * np.arange(_N_TURNS)[:, None]
    across = np.cos(angle) * level + np.sin(angle) * upright
    shares = np.clip([enter, 0.5 * (enter + 1 - leave), 1 - leave], 0.02, 0.98)
    return source + shares[:, None] * way, across


def _shortest(detours):
    """Turns whose detour is the shortest nearby, the shortest of all first."""
    before, after = np.roll(detours, 1), np.roll(detours, -1)
    lowest = np.isfinite(detours) & (detours <= before) & (detours <= after)
    chosen = []
    for turn in np.argsort(detours, kind="stable"):
        gaps = [min(abs(turn - c), _N_TURNS - abs(turn - c)) for c in chosen]
        if lowest[turn] and all(gap >= _APART for gap in gaps):
            chosen.append(int(turn))
    return np.array(chosen, dtype=int)
