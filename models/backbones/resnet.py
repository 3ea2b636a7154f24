"""ResNet-18 without pooling and classifier."""

import torch.nn.functional as F
from torch import nn

from models.backbones.widths import scaled

STAGES = (64, 128, 256, 512)
"""Channels of the four stages at width 1."""


class ResNet18(nn.Module):
    """Features of a picture, a 32nd of its height and width.

    Parameters
    ----------
    width : float
        Factor on all channels; ImageNet's weights fit 1 only.

    Attributes
    ----------
    channels : int
        Of the features: 512 at width 1.

    Notes
    -----
    ::

        (B, 3, 224, 448) ─ 7x7/2 ─ max 3x3/2 ─ layer1 ─ layer2/2 ─ layer3/2 ─ layer4/2 ─ (B, 512, 7, 14)

    He et al., "Deep residual learning for image recognition", CVPR 2016, table 1; random weights
    as there (normal, variance 2 / (outgoing channels x kernel area)). Pooling and classifier are
    left away (002, section 5). The state dict bears torchvision's names.
    """  # noqa: E501 - a drawing

    def __init__(self, *, width=1.0):
        super().__init__()
        first, *_, last = sizes = [scaled(channels, width) for channels in STAGES]
        self.channels = last
        self.conv1 = nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.layer1 = _stage(first, sizes[0], stride=1)
        self.layer2 = _stage(sizes[0], sizes[1], stride=2)
        self.layer3 = _stage(sizes[1], sizes[2], stride=2)
        self.layer4 = _stage(sizes[2], sizes[3], stride=2)
        initialize(self)

    def forward(self, frame):
        """Look at pictures.

        Parameters
        ----------
        frame : (B, 3, height, width) torch.Tensor
            Pictures, normalized as ImageNet's.

        Returns
        -------
        (B, channels, height / 32, width / 32) torch.Tensor
            Features, 0 or greater.
        """
        if frame.device.type == "cpu":
            # torch 2.13 aborts in backward passes of 8 channels that lie last.
            frame = frame.contiguous()
        x = F.relu(self.bn1(self.conv1(frame)))
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride > 1 or n_in != n_out:
            shortcut = nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(n_out))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + shortcut)


def _stage(n_in, n_out, *, stride):
    return nn.Sequential(_Block(n_in, n_out, stride), _Block(n_out, n_out, 1))


def initialize(network):
    """Give the convolutions of a network with ReLUs random weights that keep variance."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
