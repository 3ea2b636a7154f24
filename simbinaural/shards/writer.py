"""Shards and labels on disk: whole or not at all.

A file is written under a temporary name, flushed to the disk and renamed, so that a crash, a kill
or a full disk never leaves half a file under its final name. The same clips give the same bytes:
HDF5 stores no times here, and arrays are written in a fixed order.
"""

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py
import numpy as np

from simbinaural.errors import InputError
from simbinaural.shards.contract import BYTES, COMPRESSED, DATASETS, clip_faults

TEMPORARY_SUFFIX = ".part"

IMAGE = h5py.vlen_dtype(np.uint8)
"""HDF5's type of an encoded image."""


def write_shard(path, clips):
    """Write clips into a new shard.

    Parameters
    ----------
    path : path-like
        The shard; its folder is made if need be.
    clips : iterable of (str, ClipData)
        Clip id and content, taken one after the other, so that only one is in memory.

    Raises
    ------
    InputError
        If the shard exists already: a shard is never written again.
    ValueError
        If a clip breaks the contract: a fault of the program, not of its user.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: exists; a shard is never written again")
    with replacing(path) as temporary, _new_file(temporary) as file:
        for clip_id, clip in clips:
            faults = clip_faults(clip)
            if faults:
                raise ValueError(f"clip {clip_id}: {'; '.join(faults)}")
            _write_clip(file.create_group(clip_id), clip)


def join_parts(path, parts):
    """Make one shard of parts that `write_shard` wrote, and remove these.

    Parameters
    ----------
    path : path-like
        The shard.
    parts : sequence of path-like
        In the order of their clips.

    Raises
    ------
    InputError
        If the shard exists already.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: exists; a shard is never written again")
    with replacing(path) as temporary, _new_file(temporary) as file:
        for part in parts:
            with h5py.File(part) as source:
                for clip_id in source:
                    source.copy(clip_id, file)
    for part in parts:
        Path(part).unlink()


def write_labels(folder, name, labels):
    """Replace the labels `name` of a data set.

    Parameters
    ----------
    folder : path-like
        The data set.
    name : str
        What the labels are called.
    labels : iterable of (str, ClipData)
        Clip id, and arrays with attributes.
    """
    path = Path(folder) / "labels" / f"{name}.h5"
    with replacing(path) as temporary, _new_file(temporary) as file:
        for clip_id, label in labels:
            _write_clip(file.create_group(clip_id), label)


@contextmanager
def replacing(path):
    """Lend a temporary path that becomes `path` in one step when the block ends well.

    Yields
    ------
    pathlib.Path
        A name beside `path`, unique to this process; removed if the block fails.

    Raises
    ------
    OSError
        Naming `path`, whatever was being written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        # What the block reads has names of its own.
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _new_file(path):
    file = h5py.File(path, "w", libver=("earliest", "v110"))
    try:
        yield file
    except BaseException:
        # What could not be written cannot be flushed either: the first error is the one to tell.
        with suppress(Exception):
            file.close()
        raise
    try:
        file.close()
    except RuntimeError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _write_clip(group, clip):
    for name in sorted(clip.arrays):
        _write_array(group, name, clip.arrays[name])
    for name, axes in sorted(clip.axes.items()):
        group[name].attrs.update(sorted(axes.items()))
    for name in sorted(clip.attributes):
        group.attrs[name] = clip.attributes[name]


def _write_array(group, name, array):
    if DATASETS.get(name, (None,))[0] == BYTES:
        _write_images(group.create_dataset(name, (len(array),), dtype=IMAGE), array)
    elif name in COMPRESSED and np.size(array):
        group.create_dataset(
            name,
            data=array,
            chunks=(1, *np.shape(array)[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
    else:
        group.create_dataset(name, data=array)


def _write_images(dataset, images):
    """Write all images at once: a quarter of the time of one after the other, the same bytes."""
    objects = np.empty(len(images), IMAGE)
    for index, image in enumerate(images):
        objects[index] = np.ascontiguousarray(image, np.uint8)
    # `dataset[:] = objects` would take images of equal length for one array of two axes.
    dataset.id.write(h5py.h5s.ALL, h5py.h5s.ALL, objects, h5py.h5t.py_create(IMAGE))
