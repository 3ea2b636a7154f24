"""APNet: what is seen filters the sound on every level of the decoder."""

import torch
from torch import nn

from models.backbones.resnet import ResNet18
from models.backbones.weights import load_visual_weights
from models.losses import weighted_sum
from models.networks.mono2binaural import PLACES, GuidedUNet
from models.networks.network import (
    AUDIO,
    FUSION,
    VISUAL,
    Network,
    Output,
    difference_error,
    seen,
)
from models.networks.unet import as_mask, initialize, last_up, up
from models.spectrograms import apply_mask, with_last_row


class Association(nn.Module):
    """Visual features as 1x1 kernels on audio features: a map for each place of the picture.

    Parameters
    ----------
    visual_channels, audio_channels : int
        Of the two features.

    Notes
    -----
    ::

        visual (B, V, 7, 14) ─ 1x1 to A channels, ReLU ─ 98 kernels of A weights ─┐
        audio (B, A, rows, frames) ──────────────────────────────────── times ────┴─ (B, 98, rows, frames)

    Place p lets through what of the sound agrees with its look:
    m_p(f, t) = sum_a k_p(a) x(a, f, t) / sqrt(A).

    Kernels are 0 or greater, as in Sep-Stereo's public code. The root is ours, as in attention:
    without it, the finest level, which no BatchNorm follows, drives random networks' masks to -1
    and 1 (at width 1 the fusion loss starts at 12 times that of Mono-Mono, with it at 4). As it
    scales what a ReLU gives, the networks that can be learned are the same.
    """  # noqa: E501 - a drawing

    def __init__(self, visual_channels, audio_channels):
        super().__init__()
        self.kernels = nn.Sequential(nn.Conv2d(visual_channels, audio_channels, 1), nn.ReLU())

    def forward(self, audio, visual):
        """Filter (B, A, rows, frames) by (B, V, 7, 14): (B, 98, rows, frames)."""
        kernels = self.kernels(visual).flatten(2).transpose(1, 2)
        maps = kernels @ audio.flatten(2) * audio.shape[1] ** -0.5
        return maps.unflatten(2, audio.shape[2:])


class Pyramid(nn.Module):
    """Associations on the four decoder levels, joined upwards, to masks of both ears.

    Parameters
    ----------
    visual_channels : int
        Of the visual features.
    levels : sequence of 4 int
        Channels of the decoder's levels, the coarsest first.

    Notes
    -----
    ::

        level      512, 16x4    256, 32x8     128, 64x16    64, 128x32
                      │             │             │             │
        association  98            98            98            98
                      └─up─ 98 ── concat ─up─ 98 ─ concat ─up─ 98 ─ concat ─┬─up─ left mask
                                                                            └─up─ right mask

    Associations have as many channels as the picture has places (98), whatever the width.
    """

    def __init__(self, visual_channels, levels):
        super().__init__()
        places = PLACES[0] * PLACES[1]
        self.associations = nn.ModuleList(Association(visual_channels, n) for n in levels)
        self.up = nn.ModuleList(up(n * places, places) for n in (1, 2, 2))
        self.left = last_up(2 * places)
        self.right = last_up(2 * places)
        self.apply(initialize)

    def forward(self, levels, visual):
        """Predict the masks of left and right ear: (B, 2, 256, 64) each, in [-1, 1]."""
        x = self.associations[0](levels[0], visual)
        for layer, association, level in zip(
            self.up, self.associations[1:], levels[1:], strict=True
        ):
            x = torch.cat([association(level, visual), layer(x)], dim=1)
        return as_mask(self.left(x)), as_mask(self.right(x))


class APNet(Network):
    """`Mono2Binaural` with an associative pyramid on its decoder.

    Parameters
    ----------
    width : float
        Factor on all channels but those that count places.
    visual_weights : str or pathlib.Path
        First weights of the ResNet: ``imagenet``, ``none`` or a file.

    Notes
    -----
    Zhou et al., "Sep-Stereo", ECCV 2020, its network for stereo alone; the backbone of 002. Of the
    mask that 002 (equation 1) calls M_D, and those called M_L and M_R, the first is the U-Net's,
    the others the pyramid's. The prediction is L - R of the pyramid.
    """

    name = "apnet"
    needs = frozenset({"frame"})

    def __init__(self, *, width=1.0, visual_weights="none"):
        super().__init__()
        self.visual = ResNet18(width=width)
        load_visual_weights(self.visual, visual_weights)
        self.audio = GuidedUNet(self.visual.channels, width=width)
        self.fusion = Pyramid(self.visual.channels, self.audio.unet.levels)

    def forward(self, mix, frame):
        """Predict both ears and their difference.

        Parameters
        ----------
        mix : (B, 2, 257, 64) torch.Tensor
            Spectrogram of L + R.
        frame : (B, 3, 224, 448) torch.Tensor
            Pictures, normalized as ImageNet's.

        Returns
        -------
        Output
            All of it: `difference` is `left` - `right`, `unfused` the U-Net's own.
        """
        visual = self.visual(frame)
        mask, levels = self.audio(seen(mix), visual)
        unfused = apply_mask(with_last_row(mask), mix)
        left, right = (apply_mask(with_last_row(ear), mix) for ear in self.fusion(levels, visual))
        return Output(left - right, left, right, visual, unfused)

    def loss(self, prepared, output):
        """Distance of the difference, the U-Net's and that of each ear (002, equation 1).

        Parameters
        ----------
        prepared : Prepared
            Windows with their truth.
        output : Output
            What the network said of them.

        Returns
        -------
        dict of str to () torch.Tensor
            ``difference``, ``fusion`` and ``loss``, their sum.

        Notes
        -----
        The ears are compared as in Sep-Stereo's public code, [MSE(2L - mix, D) + MSE(mix - 2R, D)]
        / 2. As L + R = mix this is 2 [MSE(L) + MSE(R)]: the second term of 002's equation 1 with
        weight 2. Published numbers come from that code, so its weight is kept.
        """
        left = difference_error(2 * output.left - prepared.mix, prepared)
        right = difference_error(prepared.mix - 2 * output.right, prepared)
        difference = difference_error(output.unfused, prepared)
        return weighted_sum({"difference": difference, "fusion": (left + right) / 2})

    def parts(self):
        """Return the visual, the audio and the fusion network."""
        return {VISUAL: self.visual, AUDIO: self.audio, FUSION: self.fusion}
