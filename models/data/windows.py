"""Windows of clips: 0.63 s of sound and what was seen and measured in their middle.

Only the bytes of the window are read. Several threads may read at the same time: decoding a
picture, two thirds of the work, does not hold the others up.
"""

import threading

import cv2
import numpy as np

from models.data.table import MAP, map_label
from models.spectrograms import N_SAMPLES, SAMPLE_RATE
from simbinaural.errors import InputError
from simbinaural.shards import PartReader, open_dataset
from simbinaural.video import decode_jpeg, decode_png

try:
    import simplejpeg
except ImportError:  # OpenCV takes a fifth longer
    simplejpeg = None

FRAME_SIZE = (240, 480)
"""Height and width of the pictures in a batch."""

RIR_TAPS = 4096
"""Samples of the RIRs in a batch; a 224 x 224 spectrogram of them shows 3,600."""

NEIGHBORHOOD_S = 1.0
"""How far the other frame may be from the window's own."""

MAX_TIMES = 65536
"""Clips whose times are kept in memory: one or two kilobytes each."""


class WindowReader:
    """Read windows of the clips of a table.

    Parameters
    ----------
    table : ClipTable
        Clips.
    needs : frozenset of str
        What is read beside sound, of `models.data.table.NEEDS`.
    frame_size : (2,) tuple of int
        Height and width of pictures and maps.
    rir_taps : int
        Length to which RIRs are cut or filled with zeros.
    """

    def __init__(self, table, needs=frozenset(), frame_size=FRAME_SIZE, *, rir_taps=RIR_TAPS):
        self.table = table
        self.needs = frozenset(needs)
        self.frame_size = tuple(frame_size)
        self.rir_taps = rir_taps
        self.n_frames = 2 if "other_frame" in needs else int("frame" in needs)
        self._datasets = {}
        self._times = {}
        self._places = {}
        self._parts = PartReader()
        self._opening = threading.Lock()

    def read(self, row, start, other=0.0):
        """Read one window.

        Parameters
        ----------
        row : int
            Clip.
        start : int
            First sample.
        other : float
            Which of the frames within 1 s is the other one, from 0 to below 1.

        Returns
        -------
        dict of str to numpy.ndarray
            As `read_batch`, without the first axis.

        Raises
        ------
        InputError
            If a picture or the shard is damaged.
        """
        return {name: each[0] for name, each in self.read_batch([row], [start], [other]).items()}

    def read_batch(self, rows, starts, others, batch=None):
        """Read windows into arrays.

        Parameters
        ----------
        rows, starts, others : (windows,) sequence
            As `read` takes them.
        batch : dict of str to numpy.ndarray, optional
            Arrays as `layout` describes them, to be filled; by default new ones.

        Returns
        -------
        dict of str to numpy.ndarray
            The batch.
        """
        if batch is None:
            batch = {name: np.empty(*each) for name, each in self.layout(len(rows)).items()}
        batch["labelled"][:] = self.table.labelled[rows]
        batch["clip"][:] = rows
        batch["start"][:] = starts
        for index, window in enumerate(zip(rows, starts, others, strict=True)):
            self._fill(batch, index, *window)
        return batch

    def layout(self, count):
        """Shapes and types of a batch.

        Parameters
        ----------
        count : int
            Windows.

        Returns
        -------
        dict of str to tuple
            Shape and type of ``audio`` (windows, 2, 10080), ``labelled``, ``clip`` (the row),
            ``start`` (windows,), and what is needed: ``frames`` (windows, 1 or 2, height, width,
            3), ``rir`` (windows, 2, taps), ``rt60_s``, ``azimuth_deg`` (windows,) of the first
            source, ``map`` (windows, height, width).
        """
        layout = {
            "audio": ((count, 2, N_SAMPLES), np.float32),
            "labelled": ((count,), np.bool_),
            "clip": ((count,), np.int64),
            "start": ((count,), np.int64),
        }
        needed = {
            "rir": ("rir", (count, 2, self.rir_taps)),
            "rt60": ("rt60_s", (count,)),
            "direction": ("azimuth_deg", (count,)),
            "map": ("map", (count, *self.frame_size)),
        }
        for need, (name, shape) in needed.items():
            if need in self.needs:
                layout[name] = (shape, np.float32)
        if self.n_frames:
            layout["frames"] = ((count, self.n_frames, *self.frame_size, 3), np.uint8)
        return layout

    def close(self):
        """Close all files; the reader can be used again."""
        for data in self._datasets.values():
            data.close()
        self._datasets.clear()
        self._parts.close()

    def _fill(self, batch, index, row, start, other):
        """Read a window into a place of a batch."""
        middle_s = (start + N_SAMPLES / 2) / SAMPLE_RATE
        self._listen(row, start, batch["audio"][index])
        if self.needs & {"frame", "other_frame", "direction", "map"}:
            frame = self._frame_at(row, middle_s)
            self._fill_seen(batch, index, (row, frame, other))
        if self.needs & {"rir", "rt60"}:
            moment = np.searchsorted(self._whole(row, "rir_times")[1:-1], middle_s, "right")
            self._fill_measured(batch, index, row, int(moment))

    def _fill_seen(self, batch, index, seen):
        row, frame, other = seen
        frames = (frame, self._neighbor(row, frame, other))[: self.n_frames]
        for place, each in enumerate(frames):
            self._look(row, each, batch["frames"][index, place])
        if "direction" in self.needs:
            where = (frame, 0, 0)
            batch["azimuth_deg"][index] = self._clip(row).entry("source_direction", where)
        if "map" in self.needs:
            batch["map"][index] = self._map(row, frame)

    def _fill_measured(self, batch, index, row, moment):
        clip = self._clip(row)
        if "rir" in self.needs:
            rir = clip.entry("rir", (moment, 0))[:, : self.rir_taps]
            batch["rir"][index, :, : rir.shape[1]] = rir
            batch["rir"][index, :, rir.shape[1] :] = 0
        if "rt60" in self.needs:
            batch["rt60_s"][index] = clip.entry("rt60_s", (moment, 0))

    def _clip(self, row):
        which = self.table.dataset[row]
        with self._opening:
            if which not in self._datasets:
                self._datasets[which] = open_dataset(self.table.folders[which])
            return self._datasets[which].clip(self.table.clip_ids[row])

    def _place(self, row):
        """Where the clip lies; files are opened as HDF5 once for this."""
        if row not in self._places:
            self._places[row] = self._clip(row).places()
        return self._places[row]

    def _listen(self, row, start, sound):
        places = self._place(row)
        if places is None:
            sound[:] = self._clip(row).part("audio", slice(start, start + N_SAMPLES))
        else:
            self._parts.read_sound(places, start, sound)

    def _look(self, row, frame, picture):
        places = self._place(row)
        try:
            if places is None:
                decode_into(picture, self._clip(row).image("frames", frame))
            else:
                decode_into(picture, self._parts.read_image(places, frame))
        except ValueError as error:
            name = self.table.name(row)
            raise InputError(f"{name}: frame {frame} is damaged ({error})") from None

    def _whole(self, row, name):
        """Times of a clip, kept for its next window."""
        times = self._times.get((row, name))
        if times is None:
            times = self._clip(row)[name]
            if len(self._times) >= MAX_TIMES:
                self._times.clear()
            self._times[row, name] = times
        return times

    def _frame_at(self, row, time_s):
        """Frame nearest to a time; where there is a map, the frame that it belongs to."""
        if self.table.map_frame[row] >= 0:
            return int(self.table.map_frame[row])
        return nearest(self._whole(row, "frame_times"), time_s)

    def _neighbor(self, row, frame, other):
        """Another frame within 1 s; the same where there is none."""
        times = self._whole(row, "frame_times")
        first = np.searchsorted(times, times[frame] - NEIGHBORHOOD_S)
        count = np.searchsorted(times, times[frame] + NEIGHBORHOOD_S, "right") - first - 1
        if count < 1:
            return frame
        place = int(first + other * count)
        return place + (place >= frame)

    def _map(self, row, frame):
        """Localization map, or the pixels of the first source where it was simulated."""
        clip = self._clip(row)
        if self.table.map_frame[row] >= 0:
            shown = map_label(clip)[MAP][()]
        else:
            shown = (decode_png(clip.image("source_mask", frame)) == 1).astype(np.float32)
        return cv2.resize(shown, self.frame_size[::-1], interpolation=cv2.INTER_AREA)


def nearest(times, time_s):
    """Index of the entry of ascending `times` that is nearest to a time; of two, the later."""
    later = int(np.clip(np.searchsorted(times, time_s), 1, max(len(times) - 1, 1)))
    return later - bool(len(times) == 1 or time_s - times[later - 1] < times[later] - time_s)


def decode_into(picture, encoded):
    """Decode a JPEG into `picture`, (height, width, 3) uint8 RGB; scaled if its size differs."""
    height, width = picture.shape[:2]
    if simplejpeg is None:
        decoded = decode_jpeg(encoded)
    elif simplejpeg.decode_jpeg_header(encoded)[:2] == (height, width):
        simplejpeg.decode_jpeg(encoded, buffer=picture)
        return
    else:
        # Large pictures are halved while they are decoded, as often as is left to scale down.
        decoded = simplejpeg.decode_jpeg(encoded, min_height=height, min_width=width, min_factor=2)
    cv2.resize(decoded, (width, height), dst=picture, interpolation=cv2.INTER_AREA)
