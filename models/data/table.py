"""Which clips a network is trained or tested on, of one data set or of several."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.spectrograms import N_SAMPLES, SAMPLE_RATE
from simbinaural.errors import InputError, require
from simbinaural.geometry import to_count
from simbinaural.shards import PARTS, open_dataset, read_split

NEEDS = {
    "frame": ("frames", None),
    "other_frame": ("frames", None),
    "rir": ("rir", "simbinaural render"),
    "rt60": ("rt60_s", "simbinaural render"),
    "direction": ("source_direction", "simbinaural render"),
    "map": ("source_mask", "annotate maps"),
}
"""What a network may need beside sound: the array that has it, and the command that makes it."""

MAP = "localization_map"


@dataclass(frozen=True)
class ClipTable:
    """Clips, a row each.

    Attributes
    ----------
    folders : tuple of pathlib.Path
        The data sets.
    shares : (datasets,) numpy.ndarray
        Share of the windows that each data set gives; their sum is 1.
    dataset : (clips,) numpy.ndarray of int
        Data set of each clip.
    clip_ids : tuple of str
        Id of each clip in its data set.
    n_samples : (clips,) numpy.ndarray of int
        Length.
    first_start, last_start : (clips,) numpy.ndarray of int
        Samples between which a window may begin.
    labelled : (clips,) numpy.ndarray of bool
        False where the binaural truth is hidden from the training.
    map_frame : (clips,) numpy.ndarray of int
        Frame to which the clip's localization map belongs; -1 where there is none.
    """

    folders: tuple
    shares: np.ndarray
    dataset: np.ndarray
    clip_ids: tuple
    n_samples: np.ndarray
    first_start: np.ndarray
    last_start: np.ndarray
    labelled: np.ndarray
    map_frame: np.ndarray

    @classmethod
    def of(cls, datasets, *, split=None, part=None, weights=None, labelled=1.0, needs=frozenset()):
        """Look up the clips of data sets, and check that they are fit for the purpose.

        Parameters
        ----------
        datasets : sequence of path-like
            Folders.
        split : str, optional
            Name of a split that each data set has; by default all clips are taken.
        part : str, optional
            ``train``, ``val`` or ``test`` of that split.
        weights : sequence of float, optional
            How much of the windows comes from each data set, up to a common factor; by default
            each clip counts the same.
        labelled : float
            Share of the clips of each data set, above 0 to 1, whose binaural truth is known.
        needs : frozenset of str
            What the network needs, of `NEEDS`.

        Returns
        -------
        ClipTable
            Clips in the order of the data sets and of their ids.

        Raises
        ------
        InputError
            If a clip has another sample rate, is shorter than a window or lacks what is needed; if
            there is no such split, or nothing in it.

        Notes
        -----
        Which clips are labelled depends on their ids alone (those with the smallest hashes), so
        that all networks know the same, and a larger share contains the smaller.
        """
        folders = tuple(Path(folder) for folder in datasets)
        _check_choice(folders, split, part, labelled, needs)
        columns = [_columns(folder, split, part, needs) for folder in folders]
        known = [_labelled(ids, labelled) for ids, _ in columns]
        numbers = np.concatenate([numbers for _, numbers in columns])
        sizes = [len(ids) for ids, _ in columns]
        return cls(
            folders,
            _shares(weights, sizes),
            np.repeat(np.arange(len(folders)), sizes),
            tuple(clip_id for ids, _ in columns for clip_id in ids),
            *numbers.T[:3],
            np.concatenate(known),
            numbers[:, 3],
        )

    def __len__(self):
        return len(self.clip_ids)

    def name(self, row):
        """Name a clip as a message does: ``sim: clip 000012``."""
        return _name(self.folders[self.dataset[row]], self.clip_ids[row])

    def digest(self):
        """Hexadecimal fingerprint of the choice: what made the data sets, and which clips."""
        content = hashlib.sha256()
        for index, folder in enumerate(self.folders):
            content.update((folder / "dataset.json").read_bytes())
            rows = np.flatnonzero(self.dataset == index)
            content.update(repr([self.clip_ids[row] for row in rows]).encode())
            content.update(self.n_samples[rows].astype("<i8").tobytes())
        return content.hexdigest()


def _check_choice(folders, split, part, labelled, needs):
    require(folders, "data must name at least one data set, got none")
    rule = f"part must be one of {', '.join(PARTS)}, with a split"
    require((part is None) == (split is None) and part in (None, *PARTS), f"{rule}, got {part}")
    require(0 < labelled <= 1, f"labelled must be above 0 and at most 1, got {labelled:g}")
    unknown = sorted(set(needs) - set(NEEDS))
    require(not unknown, f"needs must be of {', '.join(NEEDS)}, got {', '.join(unknown)}")


def _shares(weights, sizes):
    """Give each data set its share of the windows."""
    weights = np.array(sizes if weights is None else weights, dtype=float)
    told = ", ".join(f"{weight:g}" for weight in weights)
    rule = f"weights must be {len(sizes)} numbers above 0, one for each data set"
    require(len(weights) == len(sizes) and np.all(weights > 0), f"{rule}, got {told}")
    require(np.all(np.isfinite(weights)), f"{rule}, got {told}")
    return weights / weights.sum()


def _columns(folder, split, part, needs):
    """Clip ids, and of each clip length, first and last start, and the frame of its map."""
    with open_dataset(folder) as data:
        chosen = _chosen(data, split, part)
        numbers = np.array([_checked(folder, data, clip_id, needs) for clip_id in chosen])
    return chosen, numbers


def _chosen(data, split, part):
    """Clip ids of a part of a split, in the order of the data set."""
    if split is None:
        require(data.clip_ids, f"{data.folder}: has no clips; run the command that made it again")
        return data.clip_ids
    wanted = set(read_split(data.folder, split)[part])
    require(wanted, f"{data.folder}: part {part} of split {split} is empty; split again")
    strange = sorted(wanted.difference(data.clip_ids))
    if strange:
        raise InputError(
            f"{data.folder}: split {split} names clip {strange[0]}, which the data set has not; "
            "split again"
        )
    return tuple(clip_id for clip_id in data.clip_ids if clip_id in wanted)


def _checked(folder, data, clip_id, needs):
    """Length, first and last start of a window and frame of the map, or `InputError`."""
    clip = data.clip(clip_id)
    name = _name(folder, clip_id)
    rate = clip.attribute("sample_rate")
    if rate != SAMPLE_RATE:
        tool = data.info.get("tool", "the command that made it")
        raise InputError(
            f"{name} has {rate:g} samples per second, expected {SAMPLE_RATE}; make the data set "
            f"again by {tool} with --sample-rate {SAMPLE_RATE}"
        )
    n_samples = clip.shape("audio")[-1]
    if n_samples < N_SAMPLES:
        raise InputError(
            f"{name} lasts {n_samples / SAMPLE_RATE:.2f} s, shorter than a window of "
            f"{N_SAMPLES / SAMPLE_RATE:.2f} s; leave it out of the split"
        )
    map_frame = _map_frame(clip) if "map" in needs else -1
    for need in needs:
        _check_need(name, clip, need, map_frame)
    return n_samples, *_starts(clip, n_samples, map_frame), map_frame


def _check_need(name, clip, need, map_frame):
    array, command = NEEDS[need]
    if need == "map" and map_frame >= 0:
        return
    if array not in clip or not clip.shape(array)[0]:
        raise InputError(
            f"{name} has no {MAP if need == 'map' else array}"
            + (f"; {command} makes it" if command else "")
        )


def _map_frame(clip):
    """Frame to which the first localization map among the labels belongs, -1 if there is none."""
    label = map_label(clip)
    if label is None:
        return -1
    last = clip.shape("frames")[0] - 1
    return min(int(label.attrs["label_frame"]), last)


def map_label(clip):
    """Labels of a clip that hold its localization map: the first by name, None if there is none."""
    return next((label for _, label in sorted(clip.labels.items()) if _holds_map(label)), None)


def _holds_map(label):
    """Whether there is a map that says something: who was unsure has not seen that nothing sounds.

    The map of such an answer is as empty as that of a silent picture.
    """
    if MAP not in label:
        return False
    unsure = label.attrs.get("kind") == "unsure"
    return not unsure or bool(np.any(label[MAP]))


def _starts(clip, n_samples, map_frame):
    """First and last start of a window; where a map is shown, its frame is in the middle."""
    last = n_samples - N_SAMPLES
    if map_frame < 0:
        return 0, last
    reach_s = 0.5 / clip.attribute("fps")
    middle_s = clip["frame_times"][map_frame] - N_SAMPLES / SAMPLE_RATE / 2
    starts = [to_count(middle_s + sign * reach_s, SAMPLE_RATE) for sign in (-1, 1)]
    return tuple(np.clip(starts, 0, last).tolist())


def _labelled(clip_ids, fraction):
    """(clips,) bool: true for the fraction with the smallest hashes, at least one."""
    hashes = [hashlib.sha256(f"labelled {clip_id}".encode()).digest() for clip_id in clip_ids]
    count = max(1, round(fraction * len(clip_ids)))
    limit = sorted(hashes)[count - 1]
    return np.array([each <= limit for each in hashes])


def _name(folder, clip_id):
    return f"{folder}: clip {clip_id}"
