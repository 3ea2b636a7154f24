"""From a raw batch to what networks take, on the device of the batch.

::

    frames uint8  ─► crop 448 x 224 ─► brightness, color ─► mirrored? ─► normalized
    audio         ─► level ─► ears changed? ─► spectrograms of L, R, L + R, L - R
    rir, azimuth, map: mirrored with the picture

Training crops and changes at random; what decides is drawn with the window (``chance``), so that
it depends neither on the device nor on how a batch is dealt out.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from models.spectrograms import spectrogram

HEIGHT, WIDTH = 224, 448
"""Size of the pictures that networks see."""

CHANGE = 0.3
"""Brightness and color are multiplied by a number of at most 1 plus or minus this."""

GRAY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, for which pretrained networks were made."""

LEVEL = 0.1
"""RMS of the mono signal of each window."""

LEAST_LEVEL = 1e-4
"""RMS below which no window is made louder yet: silence stays silence."""


class Prepared(NamedTuple):
    """What networks take and are compared with; None where it was not read.

    Attributes
    ----------
    frame, other_frame : (batch, 3, 224, 448) torch.Tensor or None
        Pictures, normalized as ImageNet's.
    mix, difference, left, right : (batch, 2, 257, 64) torch.Tensor
        Spectrograms of L + R, L - R, L and R; real and imaginary part.
    labelled : (batch,) torch.Tensor of bool
        Whether the binaural truth may be used.
    rir : (batch, 2, taps) torch.Tensor or None
    rt60_s, azimuth_deg : (batch,) torch.Tensor or None
        Azimuth is positive to the left.
    map : (batch, 224, 448) torch.Tensor or None
        Localization map.
    """

    frame: torch.Tensor | None
    other_frame: torch.Tensor | None
    mix: torch.Tensor
    difference: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    labelled: torch.Tensor
    rir: torch.Tensor | None
    rt60_s: torch.Tensor | None
    azimuth_deg: torch.Tensor | None
    map: torch.Tensor | None


class Preparation(nn.Module):
    """Prepare batches: with random changes in training mode, without after `eval`.

    Parameters
    ----------
    flip : bool
        Whether half of the windows of a training are mirrored, all that has a left and a right
        together. Off by default, as in public code; paper 004 mirrors.
    flip_visual : bool
        Whether pictures and maps, and these only, are always mirrored: a network that listens to
        its eyes then confuses the sides.

    Notes
    -----
    Training crops 448 x 224 of 480 x 240 at random, and multiplies brightness and color by
    U(0.7, 1.3) each, in this order, as 2.5D Visual Sound does; both frames of a window alike, so
    that they stay comparable. Otherwise the whole picture is scaled to 448 x 224.
    """

    def __init__(self, *, flip=False, flip_visual=False):
        super().__init__()
        self.flip = flip
        self.flip_visual = flip_visual

    def forward(self, batch):
        """Prepare a batch.

        Parameters
        ----------
        batch : dict of str to torch.Tensor
            As `models.data.loader` makes it, on any device; ``chance`` is used in training only.

        Returns
        -------
        Prepared
            On the device of the batch, float32.
        """
        with torch.no_grad():
            chance = batch["chance"] if self.training else None
            mirrored = self._mirrored(chance)
            frames, shown = self._seen(batch, chance, mirrored)
            spec = spectrogram(leveled(swap(batch["audio"], mirrored)))
            left, right = spec[:, 0], spec[:, 1]
            rir = batch.get("rir")
            return Prepared(
                *frames,
                *(left + right, left - right, left, right),
                batch["labelled"],
                None if rir is None else swap(rir, mirrored),
                batch.get("rt60_s"),
                _negated(batch.get("azimuth_deg"), mirrored),
                shown,
            )

    def _mirrored(self, chance):
        """(batch,) bool: which windows are mirrored with all that they hold; None for none."""
        return chance[:, 4] < 0.5 if self.flip and chance is not None else None

    def _seen(self, batch, chance, mirrored):
        """Frame, other frame, and map."""
        frames, shown = batch.get("frames"), batch.get("map")
        if self.flip_visual:
            everything = torch.ones_like(batch["labelled"])
            mirrored = everything if mirrored is None else ~mirrored
        if shown is not None:
            shown = mirror(_fitted(shown[..., None], chance), mirrored)[:, 0]
        if frames is None:
            return (None, None), shown
        count = frames.shape[1]
        if chance is not None:
            chance = chance.repeat_interleave(count, dim=0)
        pictures = _fitted(frames.flatten(0, 1), chance) / 255
        if chance is not None:
            pictures = changed(pictures, *_factors(chance))
        if mirrored is not None:
            mirrored = mirrored.repeat_interleave(count, dim=0)
        pictures = normalized(mirror(pictures, mirrored))
        first, *others = pictures.unflatten(0, (-1, count)).unbind(1)
        return (first, *(others or [None])), shown


def swap(ears, chosen):
    """Swap the ears of (batch, 2, samples) where (batch,) `chosen` is true; nowhere for None."""
    return ears if chosen is None else torch.where(chosen[:, None, None], ears.flip(1), ears)


def mirror(pictures, chosen):
    """Swap left and right of (batch, channels, height, width) where `chosen` is true."""
    if chosen is None:
        return pictures
    return torch.where(chosen[:, None, None, None], pictures.flip(-1), pictures)


def leveled(audio):
    """Bring the mono signal of each window to an RMS of 0.1; silence stays.

    Parameters
    ----------
    audio : (batch, 2, samples) torch.Tensor
        Left and right.

    Returns
    -------
    (batch, 2, samples) torch.Tensor
        Louder or softer, both ears alike.
    """
    level = audio.mean(dim=1).square().mean(dim=-1).sqrt()
    return audio * (LEVEL / level.clamp(min=LEAST_LEVEL))[:, None, None]


def changed(pictures, brightness, color):
    """Multiply brightness, then color, of pictures.

    Parameters
    ----------
    pictures : (batch, 3, height, width) torch.Tensor
        0 to 1.
    brightness, color : (batch,) torch.Tensor
        Factors; color is the distance from gray of the same brightness.

    Returns
    -------
    (batch, 3, height, width) torch.Tensor
        Pictures from 0 to 1.
    """
    brightness, color = (factor[:, None, None, None] for factor in (brightness, color))
    bright = (pictures * brightness).clamp_(0, 1)
    gray = sum(share * bright[:, [channel]] for channel, share in enumerate(GRAY))
    return bright.sub_(gray).mul_(color).add_(gray).clamp_(0, 1)


def normalized(pictures):
    """Subtract ImageNet's mean from (batch, 3, height, width), and divide by its deviation."""
    mean, deviation = (
        torch.tensor(values, device=pictures.device)[:, None, None] for values in (MEAN, DEVIATION)
    )
    return (pictures - mean).div_(deviation)


def scaled(pictures):
    """Scale (batch, channels, height, width) to 224 x 448, as all are seen outside of training."""
    return F.interpolate(pictures, (HEIGHT, WIDTH), mode="bilinear", antialias=True)


def _fitted(pictures, chance):
    """Cut at random in training, else scale, (batch, height, width, channels) of any type.

    Gives (batch, channels, 224, 448) float32, in memory still pixel by pixel ("channels last").
    """
    if chance is None:
        return scaled(pictures.movedim(-1, 1).float())
    rows = _span(chance[:, 1], pictures.shape[1], HEIGHT)
    columns = _span(chance[:, 0], pictures.shape[2], WIDTH)
    each = torch.arange(len(pictures), device=pictures.device)
    picked = pictures[each[:, None, None], rows[:, :, None], columns[:, None, :]]
    return picked.movedim(-1, 1).float()


def _span(chance, size, wanted):
    """(batch, wanted) indexes of neighboring pixels out of `size`."""
    first = (chance * (size - wanted + 1)).long()
    return first[:, None] + torch.arange(wanted, device=chance.device)


def _factors(chance):
    return (1 - CHANGE + 2 * CHANGE * chance[:, 2], 1 - CHANGE + 2 * CHANGE * chance[:, 3])


def _negated(azimuth_deg, mirrored):
    if azimuth_deg is None or mirrored is None:
        return azimuth_deg
    return torch.where(mirrored, -azimuth_deg, azimuth_deg)
