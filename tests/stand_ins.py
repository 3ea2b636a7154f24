"""Networks whose answers are known without training, to test what surrounds networks."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

LOOKING = frozenset({"frame"})


class Output(NamedTuple):
    difference: torch.Tensor
    visual: torch.Tensor | None = None


class Gain(nn.Module):
    """L - R is the mix times a number: 0 is mono, 1 the left ear alone."""

    name, needs = "gain", frozenset()

    def __init__(self, gain):
        super().__init__()
        self.gain = gain

    def forward(self, mix, frame):
        assert frame is None
        return Output(self.gain * mix)


class Listener(nn.Module):
    """Remembers what it heard."""

    name, needs = "listener", frozenset()

    def __init__(self):
        super().__init__()
        self.heard = []

    def forward(self, mix, frame):  # noqa: ARG002
        self.heard.append(mix)
        return Output(0 * mix)


class Compressor(nn.Module):
    """L - R is the mix, the louder the less: depends on the level."""

    name, needs = "compressor", frozenset()

    def forward(self, mix, frame):  # noqa: ARG002
        return Output(mix / (1 + mix.abs()))


class Brightness(nn.Module):
    """L - R is the mix times the mean of the normalized picture."""

    name, needs = "brightness", LOOKING

    def forward(self, mix, frame):
        return Output(frame.mean(dim=(1, 2, 3))[:, None, None, None] * mix)


class BrightSide(nn.Module):
    """The ear on whose side the picture is brighter hears the source louder."""

    name, needs = "bright-side", LOOKING

    def forward(self, mix, frame):
        left, right = frame.mean(dim=(1, 2)).split(frame.shape[-1] // 2, dim=-1)
        side = torch.sign(left.mean(dim=-1) - right.mean(dim=-1))
        visual = F.adaptive_avg_pool2d(frame, (7, 14))
        return Output(0.25 * side[:, None, None, None] * mix, visual)
