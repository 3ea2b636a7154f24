"""Where sound and pictures of a clip lie in its shard: parts are read without opening it again.

To open a shard as HDF5 takes longer than to read and decode a window of 0.63 s, and a large data
set has more shards than can be kept open. What is stored in one piece needs no HDF5 to be read, and
variable-length entries lie in "global heap collections" [1]_, to which 16 bytes point::

    frames    length u32, address u64, index u32                      one of each picture
    address ─► "GCOL", version u8, 0 0 0, size u64 of the collection
               index u16, references u16, 0 u32, size u64, bytes      objects, filled up to 8 bytes
               index u16, ...

References
----------
.. [1] HDF5 File Format Specification Version 3.0, sections III.E and IV.A.2.d.
"""

import os
import struct
import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simbinaural.errors import InputError

ENTRY = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])

COLLECTION, OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HH4xQ")

MAX_OPEN_FILES = 256


class Places(NamedTuple):
    """Where a clip lies.

    Attributes
    ----------
    path : pathlib.Path
        Its shard.
    audio : int
        Offset of the first sample, in bytes.
    n_samples : int
        Of each channel.
    frames : (frames,) numpy.ndarray of ENTRY
        Where each picture lies.
    """

    path: Path
    audio: int
    n_samples: int
    frames: np.ndarray


def find_places(path, audio, frames):
    """Find where sound and pictures lie.

    Parameters
    ----------
    path : path-like
        The shard.
    audio, frames : h5py.Dataset
        Of one clip.

    Returns
    -------
    Places or None
        None if another program has stored them in another way: in chunks, or after a block of its
        own.
    """
    offsets = [array.id.get_offset() if array.size else 0 for array in (audio, frames)]
    if None in offsets or audio.dtype != "<f4" or audio.file.userblock_size:
        return None
    with Path(path).open("rb") as file:
        stored = os.pread(file.fileno(), ENTRY.itemsize * len(frames), offsets[1])
    return Places(Path(path), offsets[0], audio.shape[1], np.frombuffer(stored, ENTRY))


class PartReader:
    """Read parts of clips by their places; several threads may read at the same time."""

    def __init__(self):
        self._files = OrderedDict()
        self._opening = threading.Lock()

    def read_sound(self, places, start, sound):
        """Read `sound`, (2, samples) float32 with contiguous channels, from sample `start` on."""
        file = self._file(places.path)
        for channel, samples in enumerate(sound):
            offset = places.audio + 4 * (channel * places.n_samples + start)
            if os.preadv(file.fileno(), [samples], offset) != samples.nbytes:
                raise _damaged(places.path)

    def read_image(self, places, frame):
        """Read one encoded picture, (bytes,) uint8."""
        length, address, index = places.frames[frame].item()
        file = self._file(places.path).fileno()
        try:
            image = os.pread(file, length, _find_object(file, address, index))
        except (LookupError, struct.error):
            raise _damaged(places.path) from None
        if len(image) != length:
            raise _damaged(places.path)
        return np.frombuffer(image, np.uint8)

    def close(self):
        """Close all files; the reader can be used again."""
        self._files.clear()

    def _file(self, path):
        """Open a file, or take one of those that are kept open; it closes with its last user."""
        with self._opening:
            if path not in self._files:
                self._files[path] = path.open("rb", buffering=0)
                if len(self._files) > MAX_OPEN_FILES:
                    self._files.popitem(last=False)
            self._files.move_to_end(path)
            return self._files[path]


def _find_object(file, address, index):
    """Offset of the bytes of an object in a collection."""
    block = os.pread(file, COLLECTION.size + OBJECT.size, address)
    name, _, length = COLLECTION.unpack_from(block)
    if name != b"GCOL":
        raise LookupError(address)
    found, _, size = OBJECT.unpack_from(block, COLLECTION.size)
    place = address + len(block)
    while found != index:
        place += -(-size // 8) * 8
        if place >= address + length:
            raise LookupError(index)
        found, _, size = OBJECT.unpack(os.pread(file, OBJECT.size, place))
        place += OBJECT.size
    return place


def _damaged(path):
    return InputError(f"{path}: is damaged; delete it and run the command that made it again")
