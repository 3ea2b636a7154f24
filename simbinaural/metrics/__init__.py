"""Measures on arrays: of rooms, of ears, and of binaural sound against its truth.

`rooms` measures impulse responses, `ears` the differences between two ears; both are public here.
`binaural` compares a prediction with the truth: ``from simbinaural.metrics.binaural import …``.
"""

from simbinaural.metrics.ears import (
    interaural_cues,
    interaural_level_difference_db,
    interaural_time_difference_s,
)
from simbinaural.metrics.rooms import (
    clarity_db,
    direct_to_reverberant_ratio_db,
    early_decay_time,
    energy_decay_curve,
    eyring_time,
    onset,
    reverberation_time,
)

__all__ = [
    "clarity_db",
    "direct_to_reverberant_ratio_db",
    "early_decay_time",
    "energy_decay_curve",
    "eyring_time",
    "interaural_cues",
    "interaural_level_difference_db",
    "interaural_time_difference_s",
    "onset",
    "reverberation_time",
]
