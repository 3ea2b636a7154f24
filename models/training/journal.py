"""What a training tells while it runs: a table of losses, and TensorBoard with sound and pictures.

Both begin again where a resumed run does, so that a run that was killed leaves the same curve as
one that was not.
"""

import csv
from pathlib import Path

import numpy as np

from simbinaural.shards.writer import replacing

LOSSES = "losses.csv"

FLOOR_DB = -80.0
"""Spectrograms show this range below their peak."""


class Journal:
    """Writes the course of a run into its folder.

    Parameters
    ----------
    folder : path-like
        The run's.
    start : int
        Step that the run goes on with; what is noted from there on is dropped.
    """

    def __init__(self, folder, start=0):
        from torch.utils.tensorboard import SummaryWriter

        self._path = Path(folder) / LOSSES
        _drop_from(self._path, start)
        self._file = self._path.open("a", newline="", buffering=1)
        self._rows = csv.writer(self._file)
        self._board = SummaryWriter(str(folder), purge_step=start or None)

    def note(self, step, part, losses):
        """Note named losses of a step; `part` is ``train`` or ``val``."""
        for name, value in losses.items():
            self._rows.writerow([step, part, name, f"{value:.9g}"])
            self._board.add_scalar(f"{part}/{name}", value, step)

    def show(self, step, sounds, sample_rate):
        """Show binaural sounds (2, samples), by name: to look at and to listen to."""
        for name, sound in sounds.items():
            sound = sound / max(1.0, float(np.abs(sound).max()))  # beyond 1 it would clip
            # TensorBoard plays one channel: left, then right.
            for ear, samples in zip(("left", "right"), sound, strict=True):
                self._board.add_audio(f"{name}/{ear}", samples[None], step, sample_rate)
            self._board.add_image(f"{name}/spectrograms", spectrogram_picture(sound), step)

    def flush(self):
        """Bring everything to the disk."""
        self._file.flush()
        self._board.flush()

    def close(self):
        """End the journal."""
        self._file.close()
        self._board.close()


def _drop_from(path, start):
    """Keep the rows of the steps before `start`."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) < start]
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def read_losses(folder, part="train", name="loss"):
    """Read a curve from a run's folder.

    Returns
    -------
    steps : (n,) numpy.ndarray of int
    values : (n,) numpy.ndarray
    """
    with (Path(folder) / LOSSES).open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[1:3] == [part, name]]
    steps = np.array([int(row[0]) for row in rows], dtype=int)
    return steps, np.array([float(row[3]) for row in rows])


def spectrogram_picture(sound):
    """Picture (3, height, width) uint8 of a sound (2, samples): left ear above right, time across.

    High frequencies are on top; brightness spans 80 dB below the louder ear's peak.
    """
    from simbinaural.audio import stft

    level = 20 * np.log10(np.maximum(np.abs(stft(np.asarray(sound))), 1e-12))
    shade = np.clip((level - level.max()) / -FLOOR_DB + 1, 0, 1)
    gray = np.concatenate([ear[::-1] for ear in shade])
    return np.repeat((255 * gray).astype(np.uint8)[None], 3, axis=0)
