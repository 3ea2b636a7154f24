"""What a visual network makes of single pictures."""

from typing import NamedTuple

import numpy as np
import torch

from models.evaluation.clips import WholeClip
from models.inference import as_seen
from models.spectrograms import N_BINS, N_TIMES
from simbinaural.errors import require
from simbinaural.shards import open_dataset


class Look(NamedTuple):
    """A picture and what the network sees in it.

    Attributes
    ----------
    name : str
        Of the clip.
    picture : (height, width, 3) numpy.ndarray of uint8
    features : (channels, rows, columns) numpy.ndarray of float32
        Output of the visual network.
    rt60_s, azimuth_deg : float
        Of the moment; NaN where unknown.
    """

    name: str
    picture: np.ndarray
    features: np.ndarray
    rt60_s: float
    azimuth_deg: float


def look_at_clips(network, table, *, device="cpu", moments=1, flip_visual=False):
    """Show pictures of clips to a network.

    Parameters
    ----------
    network : torch.nn.Module
        Of `models.networks`, one that looks.
    table : ClipTable
        Clips.
    device : str or torch.device
        Where to compute.
    moments : int
        Pictures of each clip, evenly spread.
    flip_visual : bool
        Mirror the pictures.

    Returns
    -------
    list of Look
        Clip by clip.

    Raises
    ------
    InputError
        If the network needs no pictures.
    """
    require(
        "frame" in network.needs,
        f"network must be one that looks at pictures, got {network.name}",
    )
    network.to(device).eval()
    looks = []
    for row in range(len(table)):
        with open_dataset(table.folders[table.dataset[row]]) as data:
            clip = WholeClip(data.clip(table.clip_ids[row]), flip_visual=flip_visual)
            looks += _looks(network, clip, table.name(row), moments, device)
    return looks


def _looks(network, clip, name, moments, device):
    times = (np.arange(moments) + 0.5) / moments * clip.duration_s
    pictures = clip.frame_at(times)
    features = visual_features(network, pictures, device=device)
    azimuths = clip.azimuth_at(times) if clip.azimuth_at else np.full(moments, np.nan)
    rt60 = clip.rt60_at(times)
    return [Look(name, *each) for each in zip(pictures, features, rt60, azimuths, strict=True)]


@torch.inference_mode()
def visual_features(network, pictures, *, device="cpu"):
    """Visual features (k, channels, rows, columns) of pictures (k, height, width, 3) uint8."""
    frames = as_seen(torch.from_numpy(pictures).to(device))
    silence = torch.zeros(len(pictures), 2, N_BINS, N_TIMES, device=device)
    return network(silence, frames).visual.float().cpu().numpy()
