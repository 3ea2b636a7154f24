"""Random windows in batches, the same ones however often training stops and goes on.

Windows are numbered from the start of training: window ``k`` is a pure function of the seed and of
``k``, and step ``s`` takes windows ``s * batch_size`` to ``(s + 1) * batch_size - 1``. Several
processes deal one batch out: process ``r`` of ``n`` takes its windows ``r, r + n, ...``.
"""

import math
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from models.data.windows import FRAME_SIZE, RIR_TAPS, WindowReader
from simbinaural.errors import require

N_CHANCES = 5
"""Numbers drawn for each window for what is done on the device: crop x, y, brightness, color,
flip."""

BATCHES_READY = 2
"""Batches that wait, beside those that are being read."""

KINDS = {
    np.float32: torch.float32,
    np.uint8: torch.uint8,
    np.int64: torch.int64,
    np.bool_: torch.bool,
}


class Windows(NamedTuple):
    """Windows of a part of training, an entry each.

    Attributes
    ----------
    rows, starts : (windows,) numpy.ndarray of int
        Clip and first sample.
    others : (windows,) numpy.ndarray
        Which frame is the other one, from 0 to below 1.
    chance : (windows, 5) numpy.ndarray of float32
        Uniform from 0 to below 1: what decides crop, colors and flip.
    """

    rows: np.ndarray
    starts: np.ndarray
    others: np.ndarray
    chance: np.ndarray


class Deal:
    """Draw the windows of a training.

    Parameters
    ----------
    table : ClipTable
        Clips.
    seed : int
        All chance comes from it.

    Notes
    -----
    An epoch has as many windows as the table has clips. Each data set gives its share of them, to
    within one window, and its clips take turns: none comes again before all have come. Without
    weights each clip has one window in each epoch.
    """

    def __init__(self, table, seed):
        self.table = table
        self.seed = seed
        self._epoch = lru_cache(maxsize=4)(self._draw_epoch)

    def windows(self, first, last):
        """Draw windows number `first` to ``last - 1``, as `Windows`."""
        size = len(self.table)
        epochs = range(first // size, (last - 1) // size + 1)
        drawn = [self._epoch(epoch) for epoch in epochs]
        inside = slice(first - epochs[0] * size, last - epochs[0] * size)
        return Windows(*(np.concatenate(column)[inside] for column in zip(*drawn, strict=True)))

    def _draw_epoch(self, epoch):
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(epoch,)))
        rows = rng.permutation(np.concatenate(self._rows(rng)))
        return Windows(
            rows,
            rng.integers(self.table.first_start[rows], self.table.last_start[rows] + 1),
            rng.random(len(rows)),
            rng.random((len(rows), N_CHANCES), dtype=np.float32),
        )

    def _rows(self, rng):
        """Clips of each data set, as many as its share says."""
        size = len(self.table)
        bounds = np.round(np.cumsum(self.table.shares) * size, 9)
        which = np.searchsorted(bounds, np.arange(size) + rng.random(), "right")
        counts = np.bincount(which, minlength=len(bounds))
        return [
            _in_turns(rng, np.flatnonzero(self.table.dataset == index), count)
            for index, count in enumerate(counts)
        ]


def _in_turns(rng, rows, count):
    """`count` of the rows, in random order: none comes again before all have come."""
    turns = [rng.permutation(rows) for _ in range(math.ceil(count / len(rows)))]
    return np.concatenate([rows[:0], *turns])[:count]


class Loader:
    """Batches of a training, or one of each clip for a validation; see `make_loader`.

    Threads read ahead. They share one memory with the training, where processes would have to hand
    over 22 MB of pictures for each batch, which takes as long as to decode them.
    """

    def __init__(self, read, steps, workers):
        self._read = read
        self._steps = steps
        self._workers = workers

    def __len__(self):
        return len(self._steps)

    def __iter__(self):
        if not self._workers:
            yield from map(self._read, self._steps)
            return
        ahead = deque()
        pool = ThreadPoolExecutor(self._workers, "loader")
        try:
            for step in self._steps:
                ahead.append(pool.submit(self._read, step))
                if len(ahead) > self._workers + BATCHES_READY:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def make_loader(
    table,
    *,
    needs=frozenset(),
    batch_size=64,
    seed=0,
    steps=None,
    start_step=0,
    training=True,
    workers=0,
    rank=0,
    world=1,
    frame_size=FRAME_SIZE,
    rir_taps=RIR_TAPS,
    pin_memory=False,
):
    """Make batches of random windows.

    Parameters
    ----------
    table : ClipTable
        Clips.
    needs : frozenset of str
        What is read beside sound, of `models.data.table.NEEDS`.
    batch_size : int
        Windows in a batch of all processes together.
    seed : int
        All chance comes from it.
    steps : int, optional
        Number of batches of the whole training; by default as many as an epoch has.
    start_step : int
        The batch to begin with: those before it are skipped without being read.
    training : bool
        False for one window of each clip, the same ones each time, whatever the weights; the last
        batch may be smaller then.
    workers : int
        Threads that read; 0 reads when a batch is asked for.
    rank, world : int
        Which of how many processes takes its windows of each batch.
    frame_size, rir_taps
        As `WindowReader` takes them.
    pin_memory : bool
        Whether batches lie in memory from which a GPU can copy them at once.

    Returns
    -------
    Loader
        Batches, dicts of tensors as `WindowReader.read_batch` names them, with ``chance``
        (windows, 5): uniform numbers for `models.data.preparation`.

    Raises
    ------
    InputError
        If the batch cannot be dealt out evenly; on reading, if a shard is damaged.
    """
    rule = "batch_size must be a positive multiple of the number of processes"
    require(batch_size > 0 and batch_size % world == 0, f"{rule} ({world}), got {batch_size}")
    if not training:
        sizes = np.bincount(table.dataset, minlength=len(table.folders))
        table = replace(table, shares=sizes / len(table))
    reader = WindowReader(table, needs, frame_size, rir_taps=rir_taps)
    batches = _Batches(
        reader, Deal(table, seed), batch_size, (rank, world), training, Memory(pin_memory)
    )
    total = count_steps(table, batch_size) if steps is None or not training else steps
    return Loader(batches.read, range(start_step, total), workers)


def count_steps(table, batch_size, epochs=1):
    """Batches in so many epochs: the last one goes on into the next epoch."""
    return math.ceil(epochs * len(table) / batch_size)


class Memory:
    """Memory of batches that is taken again when they are gone: new pages cost as much as reading.

    Parameters
    ----------
    pin_memory : bool
        Whether a GPU can copy from it at once; torch then takes it again itself.
    """

    def __init__(self, pin_memory=False):
        self._pin_memory = pin_memory
        self._free = {}

    def tensors(self, layout):
        """Make tensors of a layout as `WindowReader.layout` tells it; their content is anything."""
        return {name: self._tensor(*each) for name, each in layout.items()}

    def _tensor(self, shape, kind):
        if self._pin_memory:
            return torch.empty(shape, dtype=KINDS[kind], pin_memory=True)
        free = self._free.setdefault((shape, kind), [])
        try:
            memory = free.pop()
        except IndexError:
            memory = np.empty(shape, kind)
        lent = memory.view()
        # The last tensor that shares the memory lets go of it.
        weakref.finalize(lent, free.append, memory).atexit = False
        return torch.from_numpy(lent)


@dataclass(frozen=True)
class _Batches:
    """Batches by their step."""

    reader: WindowReader
    deal: Deal
    batch_size: int
    share: tuple
    endless: bool
    memory: Memory

    def read(self, step):
        first, last = step * self.batch_size, (step + 1) * self.batch_size
        if not self.endless:
            last = min(last, len(self.deal.table))
        rank, world = self.share
        windows = self.deal.windows(first, last)
        mine = Windows(*(column[rank::world] for column in windows))
        batch = self.memory.tensors(self.reader.layout(len(mine.rows)))
        arrays = {name: each.numpy() for name, each in batch.items()}
        self.reader.read_batch(mine.rows, mine.starts, mine.others, arrays)
        batch["chance"] = torch.from_numpy(mine.chance)
        return batch
