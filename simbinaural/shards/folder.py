"""What stands around the shards: `dataset.json` and the splits."""

import json
from pathlib import Path

from simbinaural.errors import InputError
from simbinaural.shards.contract import SCHEMA_VERSION
from simbinaural.shards.writer import replacing

INFO = "dataset.json"

SPLIT_KINDS = ("scene", "position", "random", "given")

PARTS = ("train", "val", "test")


def read_info(folder):
    """Read what made a data set.

    Returns
    -------
    dict
        The content of `dataset.json`.

    Raises
    ------
    InputError
        If the folder is not a data set, or one of a newer schema.
    """
    path = Path(folder) / INFO
    if not path.is_file():
        raise InputError(f"{folder}: is not a data set (it has no {INFO})")
    info = _read_json(path)
    if not isinstance(info, dict) or not isinstance(info.get("schema_version"), int):
        raise InputError(f"{path}: has no schema_version; is it a data set of this program?")
    if info["schema_version"] > SCHEMA_VERSION:
        raise InputError(
            f"{path}: has schema version {info['schema_version']}, expected at most "
            f"{SCHEMA_VERSION}; a newer version of this program reads it"
        )
    return info


def write_info(folder, info):
    """Write `dataset.json`; the schema version is added."""
    _write_json(Path(folder) / INFO, {"schema_version": SCHEMA_VERSION, **info})


def read_split(folder, name):
    """Read a split.

    Returns
    -------
    dict
        ``kind``, ``seed`` and the clip ids of ``train``, ``val`` and ``test``.

    Raises
    ------
    InputError
        If there is no such split, or it is none.
    """
    path = Path(folder) / "splits" / f"{name}.json"
    if not path.is_file():
        there = sorted(each.stem for each in path.parent.glob("*.json"))
        raise InputError(
            f"{path}: does not exist; "
            + (f"there is {', '.join(there)}" if there else "make it with simbinaural split")
        )
    split = _read_json(path)
    if not isinstance(split, dict) or any(part not in split for part in ("kind", *PARTS)):
        raise InputError(f"{path}: is not a split; it must have kind, {', '.join(PARTS)}")
    return split


def write_split(folder, name, split):
    """Write a split, replacing one of the same name.

    Parameters
    ----------
    folder : path-like
        The data set.
    name : str
        What it is called.
    split : dict
        ``kind`` (one of `SPLIT_KINDS`), ``seed``, ``train``, ``val``, ``test``, and what else
        describes it.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = Path(folder) / "splits" / f"{name}.json"
    _write_json(path, split)
    return path


def _read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: is not valid JSON ({error})") from None


def _write_json(path, content):
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
