"""Audio-Only: what can be known of the ears' difference without looking."""

from models.networks.network import AUDIO, Network, Output, seen
from models.networks.unet import UNet
from models.spectrograms import apply_mask, with_last_row


class AudioOnly(Network):
    """The U-Net of `Mono2Binaural` alone.

    Parameters
    ----------
    width : float
        Factor on all channels.
    visual_weights : str
        Of no effect: it does not look.

    Notes
    -----
    002 (section 5): "only monaural audio as input, with no visual frames". How, it does not say:
    here nothing is tiled onto the bottleneck, so that no parameter waits for a picture.
    """

    name = "audio-only"
    needs = frozenset()

    def __init__(self, *, width=1.0, visual_weights="none"):  # noqa: ARG002 - as all networks
        super().__init__()
        self.audio = UNet(width=width)

    def forward(self, mix, frame=None):  # noqa: ARG002 - as all networks
        """Predict the difference of the ears.

        Parameters
        ----------
        mix : (B, 2, 257, 64) torch.Tensor
            Spectrogram of L + R.
        frame : torch.Tensor, optional
            Not looked at.

        Returns
        -------
        Output
            Its `difference`.
        """
        mask, _ = self.audio(seen(mix))
        return Output(apply_mask(with_last_row(mask), mix))

    def parts(self):
        """Return the audio network."""
        return {AUDIO: self.audio}
