"""The networks by name."""

from models.networks.apnet import APNet
from models.networks.audio_only import AudioOnly
from models.networks.mono2binaural import Mono2Binaural
from models.networks.mono_mono import MonoMono
from simbinaural.errors import require

NETWORKS = {network.name: network for network in (MonoMono, AudioOnly, Mono2Binaural, APNet)}
"""In the order of the paper's table."""


def make_network(name, **options):
    """Make a network.

    Parameters
    ----------
    name : str
        Of `NETWORKS`.
    **options
        ``width``, ``visual_weights``.

    Returns
    -------
    Network
        On the CPU, random by torch's seed but for its visual weights.

    Raises
    ------
    InputError
        If no network has this name, or the options do not fit.
    """
    require(name in NETWORKS, f"network must be one of {', '.join(NETWORKS)}, got {name!r}")
    return NETWORKS[name](**options)
