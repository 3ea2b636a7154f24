"""What all networks share: what they give out, and how they are trained."""

from typing import NamedTuple

import torch
from torch import nn

from models.losses import labelled_error, weighted_sum
from models.spectrograms import N_ROWS

VISUAL, AUDIO, FUSION = "visual", "audio", "fusion"

LEARNING_RATES = {VISUAL: 1e-4, AUDIO: 1e-3, FUSION: 1e-3}
"""002, section 5: 0.001 for the audio and the fusion networks, 0.0001 for all others."""


class Output(NamedTuple):
    """What a network says of B windows.

    Attributes
    ----------
    difference : (B, 2, 257, 64) torch.Tensor
        Predicted spectrogram of L - R.
    left, right : (B, 2, 257, 64) torch.Tensor or None
        Predicted spectrograms of the ears, of networks that predict them themselves.
    visual : (B, channels, 7, 14) torch.Tensor or None
        Visual features, of networks that look.
    unfused : (B, 2, 257, 64) torch.Tensor or None
        L - R before fusion, of networks that predict it twice.
    """

    difference: torch.Tensor
    left: torch.Tensor | None = None
    right: torch.Tensor | None = None
    visual: torch.Tensor | None = None
    unfused: torch.Tensor | None = None


class Network(nn.Module):
    """Base of all networks.

    Attributes
    ----------
    name : str
        In commands.
    needs : frozenset of str
        What it wants of clips beside their sound: ``frame``, ``other_frame``, ``rir``, ``rt60``,
        ``direction``, ``map``.
    trainable : bool
        Whether there is anything to learn.
    """

    name = ""
    needs = frozenset()
    trainable = True

    def parts(self):
        """Return the modules that learn at each rate: dict of ``visual``, ``audio``, ``fusion``."""
        return {}

    def parameter_groups(self):
        """Parameters by learning rate.

        Returns
        -------
        list of dict
            ``name`` (``visual``, ``audio`` or ``fusion``), ``lr`` and ``params``, as optimizers
            take them; every parameter stands in one.
        """
        return [
            {"name": name, "lr": LEARNING_RATES[name], "params": list(module.parameters())}
            for name, module in self.parts().items()
        ]

    def loss(self, prepared, output):
        """Distance of the predicted difference from the true one (002, first term of equation 1).

        Parameters
        ----------
        prepared : Prepared
            Windows with their truth.
        output : Output
            What the network said of them.

        Returns
        -------
        dict of str to () torch.Tensor
            ``difference`` and ``loss``.

        Notes
        -----
        The mean of squares over the 256 rows that networks see, as in public code.
        """
        return weighted_sum({"difference": difference_error(output.difference, prepared)})


def difference_error(predicted, prepared):
    """Mean squared error of a spectrogram of L - R, on the rows that networks see."""
    return labelled_error(seen(predicted), seen(prepared.difference), prepared.labelled)


def seen(spec):
    """Rows of a spectrogram that networks see: (..., 257, frames) to (..., 256, frames)."""
    return spec[..., :N_ROWS, :]
