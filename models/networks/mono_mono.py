"""Mono-Mono: the same sound at both ears."""

import torch

from models.networks.network import Network, Output


class MonoMono(Network):
    """Nothing to learn: L - R is 0, both ears hear (L + R) / 2 (002, section 5).

    Parameters
    ----------
    width : float
        Of no effect: there are no channels.
    visual_weights : str
        Of no effect: it does not look.
    """

    name = "mono-mono"
    needs = frozenset()
    trainable = False

    def __init__(self, *, width=1.0, visual_weights="none"):  # noqa: ARG002 - as all networks
        super().__init__()

    def forward(self, mix, frame=None):  # noqa: ARG002 - as all networks
        """Predict no difference.

        Parameters
        ----------
        mix : (B, 2, 257, 64) torch.Tensor
            Spectrogram of L + R.
        frame : torch.Tensor, optional
            Not looked at.

        Returns
        -------
        Output
            `difference` is 0.
        """
        return Output(torch.zeros_like(mix))
