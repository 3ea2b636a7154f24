"""Clips from shards, joined with their labels; only what is asked for is read."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from simbinaural.errors import InputError
from simbinaural.shards.folder import read_info

MAX_OPEN_FILES = 64
"""A large data set has more shards than a process may open files."""


class Dataset:
    """A data set on disk.

    Parameters
    ----------
    folder : path-like
        The data set.

    Attributes
    ----------
    folder : pathlib.Path
    info : dict
        What made it: the content of `dataset.json`.
    clip_ids : tuple of str
        All clips, in order.

    Raises
    ------
    InputError
        If the folder is not a data set or a shard is damaged.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.info = read_info(folder)
        self._files = OrderedDict()
        self._shard_of = {}
        for path in sorted((self.folder / "shards").glob("*.h5")):
            with _open(path) as file:
                self._shard_of.update(dict.fromkeys(file, path))
        self.clip_ids = tuple(sorted(self._shard_of))

    def __len__(self):
        return len(self.clip_ids)

    def __iter__(self):
        return (self.clip(clip_id) for clip_id in self.clip_ids)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def clip(self, clip_id):
        """Return one clip by its id."""
        if clip_id not in self._shard_of:
            raise InputError(f"{self.folder}: has no clip {clip_id}")
        return Clip(clip_id, self._file(self._shard_of[clip_id]), self._labels(clip_id))

    def shard_of(self, clip_id):
        """Return the path of the shard that holds a clip."""
        return self._shard_of[clip_id]

    def close(self):
        """Close all files; the data set can be used again."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _file(self, path):
        """Open a file, or take one of the few that are kept open."""
        if path not in self._files:
            self._files[path] = _open(path)
            if len(self._files) > MAX_OPEN_FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(path)
        return self._files[path]

    def _labels(self, clip_id):
        """Find the groups of a clip in all files of labels, by the labels' names."""
        files = {
            path.stem: self._file(path) for path in sorted((self.folder / "labels").glob("*.h5"))
        }
        return {name: file[clip_id] for name, file in files.items() if clip_id in file}


class Clip(Mapping):
    """One clip: a mapping from names of the contract to arrays, read when asked for.

    ``clip["audio"]`` is the whole array; ``clip.part("audio", slice(0, 100))`` reads only a part of
    its last axis; labels are ``clip.labels["points"]["localization_map"]``.

    Attributes
    ----------
    id : str
    attributes : dict
    labels : dict of str to h5py.Group
        What was added later, by the name of its file.
    """

    def __init__(self, clip_id, file, labels):
        self.id = clip_id
        group = file[clip_id]
        self._file = file  # a group alone does not keep its file open
        self.attributes = {name: _plain(value) for name, value in group.attrs.items()}
        self.labels = labels
        self._group = group

    def __getitem__(self, name):
        try:
            return self._group[name][()]
        except OSError as error:
            raise InputError(f"{self._group.file.filename}: clip {self.id}: {error}") from None

    def __iter__(self):
        return iter(self._group)

    def __len__(self):
        return len(self._group)

    def __contains__(self, name):
        return name in self._group

    @property
    def arrays(self):
        """The clip itself, under the name that `ClipData` uses."""
        return self

    def part(self, name, where):
        """Read `where` (a slice or an index) of an array's last axis."""
        return self._group[name][..., where]

    def axes(self, name):
        """Attributes of one array, such as the axes of an `energy_map`."""
        return {axis: _plain(value) for axis, value in self._group[name].attrs.items()}

    def image(self, name, index):
        """Read one encoded image, (bytes,) uint8, of `frames`, `source_mask` or `depth`."""
        return self._group[name][index]

    @property
    def duration_s(self):
        """Length of the sound in seconds."""
        return self._group["audio"].shape[-1] / self.attributes["sample_rate"]


@contextmanager
def open_shard(path):
    """Open one shard.

    Yields
    ------
    list of Clip
        Its clips, without labels; they can be read within the block.

    Raises
    ------
    InputError
        If the shard is damaged.
    """
    with _open(path) as file:
        yield [Clip(clip_id, file, {}) for clip_id in file]


def open_dataset(folder):
    """Open a data set for reading; see `Dataset`."""
    return Dataset(folder)


def _open(path):
    try:
        return h5py.File(path, "r")
    except OSError:
        raise InputError(
            f"{path}: is damaged; delete it and run the command that made it again"
        ) from None


def _plain(value):
    """Turn HDF5's scalars and string arrays into Python's own."""
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype == object else value
    return value.item() if isinstance(value, np.generic) else value
