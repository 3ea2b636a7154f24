"""What a training is made of: everything that decides its numbers, and nothing else."""

from dataclasses import asdict, dataclass

from simbinaural.errors import require

PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}
"""Names of the command, and Lightning's."""

EXTENDABLE = ("epochs", "steps")
"""Options that may differ when a run goes on: how far, not what."""


@dataclass(frozen=True)
class TrainOptions:
    """Options of a training.

    Attributes
    ----------
    network : str
        Name in `models.networks.registry`.
    data : tuple of str
        Folders of data sets.
    weights : tuple of float
        How often each data set is drawn from, relative to its number of clips; empty: all alike.
    split : str or None
        Split whose parts ``train`` and ``val`` are used; None: all clips, and no validation.
    batch_size : int
        Windows of all processes together.
    epochs : int
        One window of each clip, over and over.
    steps : int or None
        Batches instead of epochs.
    rate : float
        Factor on the learning rates of the network's parts.
    visual_rate : float
        Further factor on that of the visual part: what begins at random has more to learn than what
        was trained on ImageNet, for which the paper's rate is.
    weight_decay : float
    width : float
        Factor on the number of channels.
    visual_weights : str
        ``imagenet``, ``none`` or a file.
    labelled : float
        Share of clips whose binaural sound may be seen.
    flip : bool
        Whether half of the windows are mirrored, picture and ears together.
    precision : {"fp32", "bf16"}
    seed : int
    """

    network: str
    data: tuple
    weights: tuple = ()
    split: str | None = None
    batch_size: int = 64
    epochs: int = 100
    steps: int | None = None
    rate: float = 1.0
    visual_rate: float = 1.0
    weight_decay: float = 5e-4
    width: float = 1.0
    visual_weights: str = "none"
    labelled: float = 1.0
    flip: bool = False
    precision: str = "fp32"
    seed: int = 0

    def __post_init__(self):
        """Check what does not need the data."""
        require(self.data, "data must name one or more data sets, got none")
        require(
            len(self.weights) in (0, len(self.data)),
            f"weights must be one for each data set, got {len(self.weights)} for {len(self.data)}",
        )
        for name in ("batch_size", "epochs"):
            value = getattr(self, name)
            require(value >= 1, f"{name} must be at least 1, got {value}")
        require(
            self.steps is None or self.steps >= 1, f"steps must be at least 1, got {self.steps}"
        )
        for name in ("rate", "visual_rate"):
            value = getattr(self, name)
            require(value > 0, f"{name} must be positive, got {value:g}")
        require(0 < self.labelled <= 1, f"labelled must be in (0, 1], got {self.labelled:g}")
        require(
            self.precision in PRECISIONS,
            f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision}",
        )

    def as_dict(self):
        """Plain values, for checkpoints."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def differences(before, now):
    """Say which options of two runs differ, other than how far they go.

    Parameters
    ----------
    before, now : dict
        As `TrainOptions.as_dict` gives.

    Returns
    -------
    list of str
        One text for each, such as ``--seed was 0, now 1``.
    """
    return [
        f"--{name.replace('_', '-')} was {before.get(name)}, now {value}"
        for name, value in now.items()
        if name not in EXTENDABLE and before.get(name) != value
    ]
