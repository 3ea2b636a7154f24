"""The files of SoundSpaces' responses: which are there, and what is in them.

``<receiver>_<source>.wav``: so the data set's code; its README writes ``-`` between them.
"""

import re
from os import scandir

import numpy as np

from simbinaural.audio import read_audio, resample
from simbinaural.errors import InputError, require

SAMPLE_RATE = {"mp3d": 16000, "replica": 44100}
"""Of all files of a data set, Hz."""

EMPTY_BYTES = 128
"""Files up to this size have a header and nothing in it."""

_PAIR = re.compile(r"(\d+)[-_](\d+)\.wav")
_ANGLE = re.compile(r"\d{1,3}")


def ambisonic_folder(scene):
    """Folder of a scene's ambisonic set: the scene's own, or ``irs`` or ``0`` in it.

    Parameters
    ----------
    scene : Path or None

    Returns
    -------
    dict of float to Path
        One or none, under the azimuth 0.
    """
    if scene is None:
        return {}
    places = (scene / "irs", scene, scene / "0")
    return next(({0.0: place} for place in places if _has_pairs(place)), {})


def heading_folders(scene):
    """Folders of a scene's binaural set by the azimuth of their heading, in (-180, 180] degrees.

    Parameters
    ----------
    scene : Path or None

    Returns
    -------
    dict of float to Path
        An ``angle`` runs clockwise, an azimuth to the left.
    """
    if scene is None:
        return {}
    angles = [place for place in scene.iterdir() if _ANGLE.fullmatch(place.name)]
    return {
        180.0 - (180 + int(place.name)) % 360: place
        for place in sorted(angles)
        if int(place.name) < 360 and _has_pairs(place)
    }


def _has_pairs(folder):
    if not folder.is_dir():
        return False
    with scandir(folder) as entries:
        return any(_PAIR.fullmatch(entry.name) for entry in entries)


def list_pairs(folder, indices):
    """Find which files are more than a header.

    Parameters
    ----------
    folder : Path
    indices : (points,) array_like of int
        Of the points, as files name them.

    Returns
    -------
    (points, points) numpy.ndarray of bool
        Receivers, sources.
    """
    row_of = {str(index): row for row, index in enumerate(indices)}
    table = np.zeros((len(indices), len(indices)), dtype=bool)
    with scandir(folder) as entries:
        for entry in entries:
            pair = _PAIR.fullmatch(entry.name)
            if pair and entry.stat().st_size > EMPTY_BYTES:
                row, column = (row_of.get(number) for number in pair.groups())
                if row is not None and column is not None:
                    table[row, column] = True
    return table


def find_file(folder, receiver, source):
    """Path of a pair's file.

    Raises
    ------
    InputError
        If there is none, or it is empty.
    """
    paths = [folder / f"{receiver}{separator}{source}.wav" for separator in "_-"]
    for path in paths:
        if path.is_file() and path.stat().st_size > EMPTY_BYTES:
            return path
    raise InputError(
        f"{paths[0]}: file must hold a response, got none or an empty one; "
        "plan positions that have one"
    )


def read_response(path, own_rate, sample_rate, *, ambisonic):
    """Read a response and bring it to a sample rate.

    Parameters
    ----------
    path : Path
    own_rate : int
        What the file must have, Hz.
    sample_rate : int
        Wanted, Hz.
    ambisonic : bool
        Whether channels are ambisonic ones, not two ears.

    Returns
    -------
    (channels, samples) numpy.ndarray of float32
        Scaled so that the transfer function stays what it was.

    Raises
    ------
    InputError
        If the file is of another rate, has other channels, is silent or cannot be read.
    """
    samples, rate = read_audio(path)
    require(
        rate == own_rate,
        f"{path}: sample rate must be {own_rate} Hz as in all files of its data set, got {rate}; "
        "fetch it again",
    )
    known = (4, 9, 16) if ambisonic else (2,)
    require(
        len(samples) in known,
        f"{path}: channels must number {' or '.join(map(str, known))}, got {len(samples)}",
    )
    require(
        samples.any(),
        f"{path}: response must not be silent, got {samples.shape[1]} zeros; "
        "delete it, and it is not used",
    )
    # A response is a filter: of more samples a second, each counts less.
    return resample(samples, rate, sample_rate) * np.float32(rate / sample_rate)
