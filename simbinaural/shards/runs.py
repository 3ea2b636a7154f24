"""Runs that write a data set: whose folder it is, one run at a time, the same options each time."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

from simbinaural.errors import InputError
from simbinaural.shards.folder import INFO, read_info
from simbinaural.shards.writer import TEMPORARY_SUFFIX

LOCK = ".lock"


def find_run(folder, tool):
    """Read what an earlier run of the same tool has described.

    Parameters
    ----------
    folder : path-like
        Where the data set is or shall be.
    tool : str
        The command that writes it, such as ``simbinaural render``.

    Returns
    -------
    dict or None
        The content of `dataset.json`; None where there is no data set yet.

    Raises
    ------
    InputError
        If the folder holds another tool's data set, or anything else.
    """
    folder = Path(folder)
    if (folder / INFO).exists():
        info = read_info(folder)
        if info.get("tool") != tool:
            raise InputError(
                f"{folder}: holds a data set of {info.get('tool')}; choose another --out"
            )
        return info
    if folder.is_dir() and any(path.name != LOCK for path in folder.iterdir()):
        raise InputError(f"{folder}: is not empty and holds no data set; choose another --out")
    return None


def refuse_changes(folder, differing):
    """Raise `InputError` if any option differs from the earlier run's: a line for each."""
    if differing:
        raise InputError(
            f"{folder}: holds a data set made with other options: {'; '.join(differing)}; "
            "choose another --out or the same options"
        )


def forget_empty(folder):
    """Remove the description of a data set that has nothing else: it may be begun anew."""
    folder = Path(folder)
    shards = folder / "shards"
    if shards.is_dir() and any(shards.iterdir()):
        return
    if shards.is_dir():
        shards.rmdir()
    (folder / INFO).unlink(missing_ok=True)


@contextmanager
def working_in(folder):
    """Make a folder, keep other runs out of it, and remove what a killed run left unfinished.

    Raises
    ------
    InputError
        If another run is at work there.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another run is at work here; wait for it") from None
        for path in folder.rglob(f"*{TEMPORARY_SUFFIX}"):
            path.unlink(missing_ok=True)
        yield
