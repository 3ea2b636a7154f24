"""Clips from shards, joined with their labels; only what is asked for is read."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from simbinaural.errors import InputError
from simbinaural.shards.folder import read_info
from simbinaural.shards.places import find_places

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
        shard = self._file(self._shard_of[clip_id])
        return Clip(clip_id, shard, lambda: self._labels(clip_id))

    def shard_of(self, clip_id):
        """Return the path of the shard that holds a clip."""
        return self._shard_of[clip_id]

    def close(self):
        """Close all files; the data set can be used again."""
        for shard in self._files.values():
            shard.file.close()
        self._files.clear()

    def _file(self, path):
        """Open a file, or take one of the few that are kept open."""
        if path not in self._files:
            self._files[path] = _Shard(path)
            if len(self._files) > MAX_OPEN_FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(path)
        return self._files[path]

    def _labels(self, clip_id):
        """Find the groups of a clip in all files of labels, by the labels' names."""
        files = {
            path.stem: self._file(path).file
            for path in sorted((self.folder / "labels").glob("*.h5"))
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

    def __init__(self, clip_id, shard, find_labels=dict):
        self.id = clip_id
        self._shard = shard  # a group alone does not keep its file open
        self._find_labels = find_labels

    @cached_property
    def attributes(self):
        """Attributes as Python's own numbers, strings and lists, and arrays."""
        return {name: _plain(value) for name, value in self._group.attrs.items()}

    def attribute(self, name):
        """Read one attribute: faster than all of them."""
        return _plain(self._group.attrs[name])

    @cached_property
    def labels(self):
        """What was added later."""
        return self._find_labels()

    @cached_property
    def _group(self):
        return self._shard.file[self.id]

    def __getitem__(self, name):
        return self._read(name, ())

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

    def shape(self, name):
        """Shape of an array, without reading it."""
        return self._shard.array(self.id, name).shape

    def part(self, name, where):
        """Read `where` (a slice or an index) of an array's last axis."""
        return self._read(name, (..., where))

    def entry(self, name, index):
        """Read what stands at `index`, an integer for each of the first axes: such as one RIR."""
        return self._read(name, index)

    def image(self, name, index):
        """Read one encoded image, (bytes,) uint8, of `frames`, `source_mask` or `depth`."""
        return self._read(name, index)

    def axes(self, name):
        """Attributes of one array, such as the axes of an `energy_map`."""
        return {axis: _plain(value) for axis, value in self._group[name].attrs.items()}

    def places(self):
        """Where sound and pictures lie in the shard, for `PartReader`; None if unknown."""
        audio, frames = (self._shard.array(self.id, name) for name in ("audio", "frames"))
        return find_places(self._shard.file.filename, audio, frames)

    def _read(self, name, where):
        try:
            return self._shard.array(self.id, name)[where]
        except OSError as error:
            path = self._shard.file.filename
            raise InputError(f"{path}: clip {self.id}: {error}") from None

    @property
    def duration_s(self):
        """Length of the sound in seconds."""
        return self.shape("audio")[-1] / self.attributes["sample_rate"]


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
    shard = _Shard(path)
    with shard.file:
        yield [Clip(clip_id, shard) for clip_id in shard.file]


def open_dataset(folder):
    """Open a data set for reading; see `Dataset`."""
    return Dataset(folder)


class _Shard:
    """An open file and the arrays that were asked for: to find one takes longer than to read it."""

    def __init__(self, path):
        self.file = _open(path)
        self._arrays = {}

    def array(self, clip_id, name):
        """Find an array without reading it."""
        key = (clip_id, name)
        if key not in self._arrays:
            self._arrays[key] = self.file[f"{clip_id}/{name}"]
        return self._arrays[key]


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
