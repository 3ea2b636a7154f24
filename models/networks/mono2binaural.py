"""Mono2Binaural: a U-Net on the sound that is told at its bottleneck what is seen."""

from torch import nn

from models.backbones.resnet import ResNet18
from models.backbones.weights import load_visual_weights
from models.networks.network import AUDIO, VISUAL, Network, Output, seen
from models.networks.unet import UNet, initialize
from models.spectrograms import apply_mask, with_last_row

PLACES = (7, 14)
"""Rows and columns of the visual features of a picture of 224 x 448."""

REDUCED = 8
"""Channels that the audio network is told of each place, at any width."""


class GuidedUNet(nn.Module):
    """The U-Net and the layer that makes visual features its guide.

    Parameters
    ----------
    visual_channels : int
        Of the visual features.
    width : float
        Factor on the U-Net's channels.

    Notes
    -----
    A 1x1 convolution (BatchNorm, ReLU) leaves 8 channels of each of 7 x 14 places; these 784
    numbers are tiled onto the bottleneck's 8 x 2 places.
    """

    def __init__(self, visual_channels, *, width=1.0):
        super().__init__()
        n_places = PLACES[0] * PLACES[1]
        self.unet = UNet(guide=REDUCED * n_places, width=width)
        convolution = nn.Conv2d(visual_channels, REDUCED, 1, bias=False)
        self.reduction = nn.Sequential(convolution, nn.BatchNorm2d(REDUCED), nn.ReLU())
        self.reduction.apply(initialize)

    def forward(self, rows, visual):
        """Predict a mask from (B, 2, 256, 64) and (B, channels, 7, 14); returns as `UNet`."""
        guide = self.reduction(visual).flatten(1)[:, :, None, None]
        return self.unet(rows, guide)


class Mono2Binaural(Network):
    """ResNet-18 guides a U-Net to a complex mask of L - R.

    Parameters
    ----------
    width : float
        Factor on all channels.
    visual_weights : str or pathlib.Path
        First weights of the ResNet: ``imagenet``, ``none`` or a file.

    Notes
    -----
    Gao and Grauman, "2.5D visual sound", CVPR 2019; in 002 the baseline *Mono2Binaural*, and the
    "reduced, tiled, concatenated" of section 3.3. Trained on the first term of equation 1 alone,
    as in 2019.
    """

    name = "mono2binaural"
    needs = frozenset({"frame"})

    def __init__(self, *, width=1.0, visual_weights="none"):
        super().__init__()
        self.visual = ResNet18(width=width)
        load_visual_weights(self.visual, visual_weights)
        self.audio = GuidedUNet(self.visual.channels, width=width)

    def forward(self, mix, frame):
        """Predict the difference of the ears.

        Parameters
        ----------
        mix : (B, 2, 257, 64) torch.Tensor
            Spectrogram of L + R.
        frame : (B, 3, 224, 448) torch.Tensor
            Pictures, normalized as ImageNet's.

        Returns
        -------
        Output
            `difference` and `visual`.
        """
        visual = self.visual(frame)
        mask, _ = self.audio(seen(mix), visual)
        return Output(apply_mask(with_last_row(mask), mix), visual=visual)

    def parts(self):
        """Return the visual and the audio network."""
        return {VISUAL: self.visual, AUDIO: self.audio}
