"""How the clips of a data set are spread: distances, angles, rooms, reverberation.

The three histograms of paper 002 (Fig. 5: distance of the source, size of the room, angle of the
object from the frame's center), and those that a user asks for next.
"""

from dataclasses import dataclass

import numpy as np

from simbinaural.dataset.preview_clip import as_words, floor_area

BINS = 24
"""How many bins a histogram has at most."""

STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Quantity:
    """Something of which each clip has one or many values.

    Attributes
    ----------
    title, unit, counted : str
        What it is; what each value stands for.
    values : callable
        Takes a clip, gives an array; empty where the clip does not know.
    """

    title: str
    unit: str
    counted: str
    values: object


def _array(name, pick=lambda values: values):
    return lambda clip: pick(clip[name]) if name in clip else np.zeros(0)


def _room_area(clip):
    return np.array([floor_area(clip.attributes.get("room_polygon"))])


def _room_volume(clip):
    return np.array([clip.attributes.get("room_volume_m3", np.nan)], dtype=float)


QUANTITIES = (
    Quantity(
        "Distance of the source", "m", "frames", _array("source_direction", lambda d: d[..., 2])
    ),
    Quantity(
        "Azimuth of the source", "°", "frames", _array("source_direction", lambda d: d[..., 0])
    ),
    Quantity("Floor of the room", "m²", "clips", _room_area),
    Quantity("Volume of the room", "m³", "clips", _room_volume),
    Quantity("Reverberation time T30", "s", "BRIRs", _array("rt60_s")),
    Quantity("Direct to reverberant energy", "dB", "BRIRs", _array("drr_db")),
    Quantity("Length of the clip", "s", "clips", lambda clip: np.array([clip.duration_s])),
    Quantity("Visible share of the source", "", "frames", _array("source_visible")),
)


class Statistics:
    """Gathers values clip by clip, and tells how they are spread."""

    def __init__(self):
        self._values = [[] for _ in QUANTITIES]
        self._names = {"class": [], "scene": [], "room": [], "object": [], "sound": []}
        self._duration_s = 0.0

    def add(self, clip):
        """Take in a clip."""
        for values, quantity in zip(self._values, QUANTITIES, strict=True):
            found = np.ravel(quantity.values(clip)).astype(float)
            values.append(found[np.isfinite(found)])
        for name, found in self._names.items():
            if name in clip.attributes:
                home = (clip.attributes.get("scene"),) if name == "room" else ()
                found.append((*home, as_words(clip.attributes[name])))
        self._duration_s += clip.duration_s

    def summary(self):
        """Tell what was gathered.

        Returns
        -------
        dict
            ``n_clips``, ``duration_s``, ``distinct`` (how many homes, rooms, ...), ``classes``
            (name and number of clips), ``histograms``.
        """
        classes, counts = np.unique([name for (name,) in self._names["class"]], return_counts=True)
        return {
            "n_clips": len(self._values[0]),
            "duration_s": round(self._duration_s, 1),
            "distinct": {name: len(set(found)) for name, found in self._names.items() if found},
            "classes": [
                [str(name), int(count)] for name, count in zip(classes, counts, strict=True)
            ],
            "histograms": [
                _histogram(quantity, np.concatenate(values))
                for quantity, values in zip(QUANTITIES, self._values, strict=True)
                if values and sum(map(len, values))
            ],
        }


def _histogram(quantity, values):
    edges = round_edges(values.min(), values.max())
    counts, _ = np.histogram(values, edges)
    return {
        "title": quantity.title,
        "unit": quantity.unit,
        "counted": quantity.counted,
        "edges": [round(float(edge), 6) for edge in edges],
        "counts": counts.tolist(),
        "n": len(values),
        "mean": round(float(values.mean()), 3),
        "median": round(float(np.median(values)), 3),
    }


def round_edges(lowest, highest, bins=BINS):
    """Edges of at most `bins` equal bins around two values, at multiples of 1, 2 or 5 x 10^k.

    Parameters
    ----------
    lowest, highest : float
        Values that must lie within.
    bins : int
        How many bins there may be.

    Returns
    -------
    (edges,) numpy.ndarray
        Growing; two at least.
    """
    if highest - lowest < 1e-3 * max(abs(lowest), abs(highest), 1e-3):
        # All the same: some room on both sides, so that it looks like a peak.
        aside = 0.2 * max(abs(highest), 1e-3)
        lowest, highest = lowest - aside, highest + aside
    span = highest - lowest
    power = np.floor(np.log10(span / bins))
    for step in (base * 10.0 ** (power + k) for k in (0, 1, 2) for base in STEPS):
        first, last = np.floor(lowest / step), np.floor(highest / step) + 1
        if last - first <= bins:
            edges = step * np.arange(first, last + 1)
            # Rounding must not leave the extremes out.
            edges[[0, -1]] = min(edges[0], lowest), max(edges[-1], highest)
            return edges
    raise AssertionError("a step of 100 times a bin's width leaves few bins")
