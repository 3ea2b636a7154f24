"""What the RLR engine reads from files: materials, and the head.

Its own reading of a measured HRTF changes the level with the ratio of the sample rates, knows
nothing below the last measured elevation, and keeps the delay of the measurement. So it is given
our `Hrtf`, in which all this is settled, as a SOFA file at the rate of the simulation.
"""

import json
from pathlib import Path

import numpy as np
import scipy.fft

from simbinaural.geometry import body_to_sofa, directions
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ

_SPEED_IN_SOLIDS = 2000.0  # of what goes through walls, which nothing does here


def material_label(index):
    """Name that stands for a material of a scene, in the database and for its faces.

    By its header, the engine takes the material whose labels occur most often *within* the name in
    lower case: names as they come could be mixed up ("wood" in "Plywood"). None of these is part of
    another.
    """
    return f"material-{index:06d}"


def write_materials(path, materials):
    """Write materials as the engine's database.

    Parameters
    ----------
    path : Path
        The file to be.
    materials : sequence of Material
        Their place is their name, by `material_label`.
    """
    entries = [
        {
            "name": material.name,
            "labels": [material_label(index)],
            "absorption": _spectrum(material.absorption),
            "scattering": _spectrum(material.scattering),
            "transmission": _spectrum(np.zeros(len(OCTAVE_BANDS_HZ))),
            "damping": _spectrum(np.zeros(len(OCTAVE_BANDS_HZ))),
            "density": 1.0,
            "speed": _SPEED_IN_SOLIDS,
        }
        for index, material in enumerate(materials)
    ]
    Path(path).write_text(json.dumps({"materials": entries}), encoding="utf-8")


def _spectrum(values):
    """Frequencies and values by turns."""
    return np.stack([OCTAVE_BANDS_HZ, values], axis=1).ravel().tolist()


def write_head(path, hrtf):
    """Write an HRTF as a SOFA file at its own sample rate.

    Parameters
    ----------
    path : Path
        The file to be.
    hrtf : Hrtf
        The ears.

    Returns
    -------
    int
        Sample at which a sound arrives that reaches the head's center in sample 0.
    """
    import sofar

    responses, lead = _responses(hrtf)
    sofa = sofar.Sofa("SimpleFreeFieldHRIR")
    sofa.Data_IR = responses
    sofa.Data_SamplingRate = float(hrtf.sample_rate)
    azimuth, elevation, _ = directions(hrtf.directions)
    sofa.SourcePosition = np.stack([azimuth % 360, elevation, np.ones(len(azimuth))], axis=1)
    sofa.SourcePosition_Type = "spherical"
    sofa.SourcePosition_Units = "degree, degree, metre"
    sofa.ReceiverPosition = 0.09 * body_to_sofa([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    sofar.write_sofa(str(path), sofa)
    return lead


def _responses(hrtf):
    """Responses (N, 2, taps) with the delays of both ears in them, and the common lead."""
    delays = hrtf.delays_s * hrtf.sample_rate
    lead = hrtf.lead + int(np.ceil(-delays.min()))
    taps = hrtf.hrirs.shape[-1] + lead - hrtf.lead + int(np.ceil(delays.max()))
    n_fft = scipy.fft.next_fast_len(2 * taps, real=True)
    turns = np.arange(n_fft // 2 + 1) / n_fft
    spectra = scipy.fft.rfft(hrtf.hrirs.astype(float), n_fft, axis=-1)
    spectra *= np.exp(-2j * np.pi * turns * (delays + lead - hrtf.lead)[..., None])
    return scipy.fft.irfft(spectra, n_fft, axis=-1)[..., :taps], lead
