"""Trained networks on disk: a state dict and a plain dict, read without running any code."""

import json
import subprocess
from pathlib import Path

import torch

from models.networks.registry import make_network
from simbinaural.errors import InputError
from simbinaural.shards.writer import replacing

BEST, LAST = "best.ckpt", "last.ckpt"

INFO = ("network", "options", "width", "visual_weights", "data", "data_hash", "commit", "step")
"""What every checkpoint tells of itself."""


def save_checkpoint(path, state, info, **more):
    """Write a checkpoint; what stood there is replaced when the new one is whole.

    Parameters
    ----------
    path : path-like
    state : dict of str to torch.Tensor
        Of the network.
    info : dict
        Plain values under the names of `INFO`.
    **more
        State dicts that are needed to go on.
    """
    with replacing(Path(path)) as temporary:
        torch.save({"state": state, "info": info, **more}, temporary)


def read_checkpoint(path, *, device="cpu"):
    """Read a checkpoint.

    Parameters
    ----------
    path : path-like
        A file, or the folder of a run: its best network, or else its last.
    device : str or torch.device

    Returns
    -------
    dict
        ``state``, ``info`` and what else was saved.

    Raises
    ------
    InputError
        If there is none, or it is damaged or not ours.
    """
    path = find_checkpoint(path)
    try:
        found = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise InputError(f"{path}: is damaged ({_first_line(error)})") from None
    except Exception as error:  # noqa: BLE001 - pickle's own errors have no common class
        raise InputError(f"{path}: is no checkpoint of models ({_first_line(error)})") from None
    if not isinstance(found, dict) or not {"state", "info"} <= set(found):
        raise InputError(f"{path}: is no checkpoint of models train")
    return found


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def find_checkpoint(path):
    """Path of the file that stands for a run, or the file itself."""
    path = Path(path)
    if not path.is_dir():
        if not path.exists():
            raise InputError(f"{path}: is missing; train a network first: models train")
        return path
    for name in (BEST, LAST):
        if (path / name).exists():
            return path / name
    raise InputError(f"{path}: holds no {BEST} or {LAST}; train a network first: models train")


def load_network(path, *, device="cpu"):
    """Load a trained network.

    Parameters
    ----------
    path : path-like
        A run's folder, or a checkpoint.
    device : str or torch.device

    Returns
    -------
    network : torch.nn.Module
        In evaluation mode.
    info : dict
        See `INFO`.

    Raises
    ------
    InputError
        If there is no such checkpoint, or it is of another network.
    """
    found = read_checkpoint(path, device=device)
    info = found["info"]
    # Its own weights follow: none need be fetched.
    network = make_network(info["network"], width=info["width"], visual_weights="none")
    try:
        network.load_state_dict(found["state"])
    except RuntimeError:
        raise InputError(
            f"{find_checkpoint(path)}: is of another network than this version's {info['network']}"
        ) from None
    return network.to(device).eval(), info


def pick_device(name):
    """Device of a name: ``auto`` is CUDA where there is any.

    Raises
    ------
    InputError
        If CUDA is asked for and there is none.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "--device cuda: this machine has no CUDA device, or this torch cannot use it; "
            "use --device cpu"
        )
    return name


def source_commit():
    """Commit of the code, where it is a checkout; else an empty text."""
    try:
        found = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def write_json(path, content):
    """Write a small text file for people and programs."""
    with replacing(Path(path)) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
