"""Where a backbone's first weights come from: ImageNet, a file, or chance."""

import importlib.util
import pickle
from pathlib import Path

import torch

from models.backbones.resnet import ResNet18
from models.backbones.vgg import VGG19
from simbinaural.errors import InputError, require

IMAGENET, NONE = "imagenet", "none"

SHOWN = 3
"""Keys that an error names."""

_HEADS = ("fc.", "classifier.")
_COUNTERS = ".num_batches_tracked"
_NAMES = {ResNet18: "resnet18", VGG19: "vgg19"}


def default_visual_weights():
    """Say what a backbone starts from when nothing else is asked.

    Returns
    -------
    str
        ``imagenet`` where torchvision is installed, else ``none``.
    """
    return IMAGENET if _has_torchvision() else NONE


def load_visual_weights(backbone, source):
    """Give a backbone its first weights.

    Parameters
    ----------
    backbone : ResNet18 or VGG19
        As made: random.
    source : str or pathlib.Path
        ``imagenet``: torchvision's; ``none``: as made; else a file, ``.safetensors`` or PyTorch's,
        with torchvision's names. The classifier's may be in it, and are passed over.

    Raises
    ------
    InputError
        If torchvision is not installed, the file cannot be read, or keys are missing, unknown or
        of another shape.
    """
    if str(source) == NONE:
        return
    imagenet = str(source) == IMAGENET
    weights = _read_imagenet(backbone) if imagenet else _read_file(Path(source))
    _check(backbone, weights, source)
    backbone.load_state_dict(_without_heads(weights), strict=False)


def _has_torchvision():
    return importlib.util.find_spec("torchvision") is not None


def _read_imagenet(backbone):
    require(
        _has_torchvision(),
        "visual weights imagenet: torchvision is not installed; install it, or pass a file or none",
    )
    import torchvision

    return torchvision.models.get_model(
        _NAMES[type(backbone)], weights="IMAGENET1K_V1"
    ).state_dict()


def _read_file(path):
    require(
        path.is_file(), f"{path}: no such file of visual weights; pass a file, imagenet or none"
    )
    try:
        weights = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        first = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: no weights can be read from it: {first}") from None
    whole = isinstance(weights, dict) and all(map(torch.is_tensor, weights.values()))
    require(whole and weights, f"{path}: holds no state dict: pass one with torchvision's names")
    return weights


def _read_safetensors(path):
    require(
        importlib.util.find_spec("safetensors") is not None,
        f"{path}: safetensors is not installed; install it, or pass a .pth file",
    )
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(error) from None


def _read_pickle(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def _without_heads(weights):
    return {key: value for key, value in weights.items() if not key.startswith(_HEADS)}


def _check(backbone, weights, source):
    """Refuse weights that would leave a layer as it was, or that belong to another network."""
    wanted, have = backbone.state_dict(), _without_heads(weights)
    # Old files do not count batches, nor do networks need the count.
    missing = [key for key in wanted if key not in have and not key.endswith(_COUNTERS)]
    require(not missing, f"{source}: visual weights lack {_listed(missing)}")
    unknown = [key for key in have if key not in wanted]
    require(not unknown, f"{source}: visual weights have unknown keys {_listed(unknown)}")
    misshapen = [key for key in have if have[key].shape != wanted[key].shape]
    if misshapen:
        key = misshapen[0]
        raise InputError(
            f"{source}: visual weights {_listed(misshapen)} must fit the network: {key} must have "
            f"shape {tuple(wanted[key].shape)}, got {tuple(have[key].shape)}; "
            "those of ImageNet fit --width 1 only"
        )


def _listed(keys):
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(keys[:SHOWN]) + more
