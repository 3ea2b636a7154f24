"""VGG-19 without classifier, on three levels."""

import torch.nn.functional as F
from torch import nn

from models.backbones.resnet import initialize
from models.backbones.widths import scaled

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels at width 1 and number of convolutions of the five blocks; a pooling after each."""


class VGG19(nn.Module):
    """Features of a picture on three levels, all an eighth of its height and width.

    Parameters
    ----------
    width : float
        Factor on all channels; ImageNet's weights fit 1 only.

    Attributes
    ----------
    channels : tuple of int
        Of the three levels: 256, 512, 512 at width 1.

    Notes
    -----
    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition",
    ICLR 2015, configuration E, changed as 004 says: third and fourth pooling and the last
    convolution are given out, the fourth pooling has stride 1, the fifth is left away. How a 2x2
    pooling of stride 1 keeps the size is not said: here its input is padded below and to the right,
    as a pooling of stride 2 sees a pixel and those after it. The state dict bears torchvision's
    names (``features.N``, where N counts ReLUs and poolings too).
    """

    def __init__(self, *, width=1.0):
        super().__init__()
        layers, channels = [], 3
        for block, (n_out, depth) in enumerate(BLOCKS):
            for _ in range(depth):
                layers += [nn.Conv2d(channels, scaled(n_out, width), 3, padding=1), nn.ReLU()]
                channels = scaled(n_out, width)
            if block < 3:
                layers.append(nn.MaxPool2d(2))
            elif block == 3:
                layers.append(_PoolInPlace())
        self.features = nn.Sequential(*layers)
        self.channels = tuple(scaled(BLOCKS[block][0], width) for block in (2, 3, 4))
        initialize(self)

    def forward(self, frame):
        """Look at pictures.

        Parameters
        ----------
        frame : (B, 3, height, width) torch.Tensor
            Pictures, normalized as ImageNet's.

        Returns
        -------
        tuple of 3 (B, channels, height / 8, width / 8) torch.Tensor
            Features after third pooling, fourth pooling, and last convolution (with its ReLU).
        """
        third = self.features[:19](frame)
        fourth = self.features[19:28](third)
        return third, fourth, self.features[28:](fourth)


class _PoolInPlace(nn.Module):
    """2x2 maximum that keeps the size; its inputs are 0 or greater, so that zeros never win."""

    def forward(self, x):
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 2, stride=1)
