"""FAIR-Play's splits: ten random ones, and five that share no scene, as others publish them.

::

    splits/split1/train.h5      random1      list ``audio`` of paths: …/binaural_audios/000001.wav
    splits/split1/train.txt     random1      a line each
    split1_train.txt            nonoverlap1  a line each, the last without its end (000001.mp3)
    splits/NAME/train.txt       NAME
    NAME_train.txt              NAME         also .h5; split1_train.h5 is random1

and the same of val and test. The first is what comes with FAIR-Play [1]_, the third what comes with
PseudoBinaural [2]_. How others store theirs is not written anywhere; so any list in the HDF5 file
counts where there is no ``audio``, of byte strings, text or whole numbers, and lines may be paths
(also of Windows), file names of any ending or bare numbers, with other columns behind a comma or a
space. Of each only the name of the file is looked at: it is the clip's number.

References
----------
.. [1] https://github.com/facebookresearch/FAIR-Play, splits
.. [2] https://github.com/SheldonTsui/PseudoBinaural_CVPR2021, new_splits
"""

import re
from pathlib import Path

import h5py
import numpy as np

from simbinaural.corpora.fair_play import FRAMES, SOUNDS, VIDEOS
from simbinaural.corpora.fair_play_clips import require_fetched
from simbinaural.errors import InputError, require
from simbinaural.shards import PARTS
from simbinaural.shards.writer import replacing

SUFFIXES = (".h5", ".txt")

NUMBERED = re.compile(r"split_?0*(\d+)")

RANDOM, NONOVERLAP = "random", "nonoverlap"


def find_splits(*folders):
    """Find files of splits.

    Parameters
    ----------
    *folders : path-like
        FAIR-Play, and wherever else there are some.

    Returns
    -------
    dict of str to dict of str to pathlib.Path
        Files by the name of the split and its part.

    Raises
    ------
    InputError
        If there is no such folder, or two files are the same part of a split.
    """
    splits = {}
    for path in dict.fromkeys(path for folder in folders for path in _candidates(Path(folder))):
        name, part = _name_and_part(path)
        if part in PARTS:
            other = splits.setdefault(name, {}).setdefault(part, path)
            require(other == path, f"{path}: {other} is {part} of {name} as well; remove one")
    return dict(sorted(splits.items(), key=lambda item: (len(item[0]), item[0])))


def _candidates(folder):
    """All files that may be splits, without a look at tens of thousands of frames."""
    require(folder.is_dir(), f"{folder}: folder must exist")
    for entry in sorted(folder.resolve().iterdir()):
        if entry.name.startswith(".") or entry.name in (VIDEOS, SOUNDS, FRAMES):
            continue
        for path in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
            if path.suffix in SUFFIXES and path.is_file():
                yield path


def _name_and_part(path):
    if path.stem in PARTS:
        given, part, kind = path.parent.name, path.stem, RANDOM
    else:
        given, _, part = path.stem.rpartition("_")
        kind = RANDOM if path.suffix == ".h5" else NONOVERLAP
    numbered = NUMBERED.fullmatch(given)
    return f"{kind}{numbered[1]}" if numbered else given, part


def read_split_files(name, files):
    """Read a split.

    Parameters
    ----------
    name : str
        What it is called.
    files : dict of str to path-like
        As `find_splits` gives them.

    Returns
    -------
    dict of str to list of str
        Clip ids of train, val and test, in their order, as they stand there.

    Raises
    ------
    InputError
        If a part is missing, or a file is damaged or empty.
    """
    missing = [part for part in PARTS if part not in files]
    require(not missing, f"split {name} must have {', '.join(PARTS)}, got no {', '.join(missing)}")
    return {part: _read_ids(Path(files[part])) for part in PARTS}


def _read_ids(path):
    require_fetched(path)
    entries = _read_list(path) if path.suffix == ".h5" else _read_lines(path)
    ids = [_clip_id(entry) for entry in entries]
    ids = list(dict.fromkeys(clip_id for clip_id in ids if clip_id))
    require(ids, f"{path}: file must name clips, got none")
    return ids


def _read_list(path):
    try:
        with h5py.File(path) as file:
            found = [each for each in file.values() if isinstance(each, h5py.Dataset)]
            require(found, f"{path}: file must hold a list of clips, got none")
            return np.ravel(file["audio"][()] if "audio" in file else found[0][()]).tolist()
    except OSError:
        raise InputError(f"{path}: file must be HDF5, or it is damaged") from None


def _read_lines(path):
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: file must be text in UTF-8, got other bytes") from None


def _clip_id(entry):
    text = entry.decode(errors="replace") if isinstance(entry, bytes) else str(entry)
    name = text.strip().replace("\\", "/").rstrip("/").rpartition("/")[-1]
    return Path(re.split(r"[,\s]", name)[0]).stem


def write_split_files(folder, name, split):
    """Write a split as text, under the name by which `find_splits` knows it again.

    Parameters
    ----------
    folder : path-like
        FAIR-Play.
    name : str
        ``random1``, ``nonoverlap1`` or any other; one called ``split1`` is taken for
        ``nonoverlap1``.
    split : dict
        Clip ids of ``train``, ``val`` and ``test``.
    """
    for part in PARTS:
        with replacing(Path(folder) / "splits" / _file_name(name, part)) as temporary:
            temporary.write_text("".join(f"{clip_id}.wav\n" for clip_id in split[part]))


def _file_name(name, part):
    kind, number = re.fullmatch(r"(.*?)(\d*)", name).groups()
    if number and kind == RANDOM:
        return f"split{number}/{part}.txt"
    return f"split{number}_{part}.txt" if number and kind == NONOVERLAP else f"{name}_{part}.txt"
