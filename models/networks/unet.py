"""The U-Net that turns a mono spectrogram into a mask, guided by what is seen."""

import torch
from torch import nn

from models.backbones.widths import scaled
from models.spectrograms import as_floats

CHANNELS = (64, 128, 256, 512, 512)
"""Of the five convolutions at width 1."""

SIDES = {"kernel_size": 4, "stride": 2, "padding": 1}


class UNet(nn.Module):
    """Five convolutions down, five up, with skips between.

    Parameters
    ----------
    guide : int
        Channels that are tiled onto the bottleneck; 0: none.
    width : float
        Factor on all channels.

    Attributes
    ----------
    levels : tuple of int
        Channels of the four decoder levels: 512, 256, 128, 64 at width 1.

    Notes
    -----
    ::

        (2, 256, 64)                                            mask (2, 256, 64)
          64, 128x32 ───────────────────────────────────────── 64, 128x32
            128, 64x16 ───────────────────────────────────── 128, 64x16
              256, 32x8 ───────────────────────────────────  256, 32x8
                512, 16x4 ─────────────────────────────── 512, 16x4
                  512, 8x2 + guide tiled ────────────────┘

    Every convolution is 4x4 with stride 2: Gao and Grauman, "2.5D visual sound", CVPR 2019, as
    002 (section 5) takes it. Down: BatchNorm, LeakyReLU 0.2; up: BatchNorm, ReLU; the last gives
    2 sigmoid - 1. Random weights as in public code: normal with deviation 0.02, BatchNorm's scale
    around 1. Convolutions before a BatchNorm have no bias, which it would take away again.
    """

    def __init__(self, *, guide=0, width=1.0):
        super().__init__()
        sizes = [scaled(channels, width) for channels in CHANNELS]
        inputs = [2, *sizes[:-1]]
        self.levels = tuple(sizes[3::-1])
        self.down = nn.ModuleList(map(_down, inputs, sizes))
        ups = [sizes[4] + guide, *(2 * size for size in self.levels[:-1])]
        self.up = nn.ModuleList(map(up, ups, self.levels))
        self.last = last_up(2 * self.levels[-1])
        self.apply(initialize)

    def forward(self, rows, guide=None):
        """Predict a mask.

        Parameters
        ----------
        rows : (B, 2, 256, 64) torch.Tensor
            Lower rows of the mix's spectrogram.
        guide : (B, channels, 1, 1) torch.Tensor, optional
            Tiled onto the bottleneck.

        Returns
        -------
        mask : (B, 2, 256, 64) torch.Tensor
            In [-1, 1], float32.
        levels : list of 4 (B, channels, rows, frames) torch.Tensor
            What the decoder's levels say, the coarsest (16 x 4) first.
        """
        skips = []
        for layer in self.down:
            rows = layer(rows)
            skips.append(rows)
        x = skips.pop()
        if guide is not None:
            x = torch.cat([guide.expand(-1, -1, *x.shape[2:]), x], dim=1)
        levels = []
        for layer in self.up:
            levels.append(layer(x))
            x = torch.cat([levels[-1], skips.pop()], dim=1)
        return as_mask(self.last(x)), levels


def _down(n_in, n_out):
    convolution = nn.Conv2d(n_in, n_out, **SIDES, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2))


def up(n_in, n_out):
    """Up-convolution to twice the size, BatchNorm, ReLU."""
    convolution = nn.ConvTranspose2d(n_in, n_out, **SIDES, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.ReLU())


def last_up(n_in):
    """Up-convolution to twice the size, of what `as_mask` makes a complex mask."""
    return nn.ConvTranspose2d(n_in, 2, **SIDES)


def as_mask(x):
    """2 sigmoid(x) - 1, in float32 under autocast too."""
    return 2 * torch.sigmoid(as_floats(x)) - 1


def initialize(layer):
    """Give a layer of the audio or fusion network its random weights; use with ``apply``."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, mean=1.0, std=0.02)
        nn.init.zeros_(layer.bias)
