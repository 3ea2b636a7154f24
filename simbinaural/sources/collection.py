"""A user's folder of things, a folder per class, read file by file."""

from dataclasses import dataclass
from pathlib import Path

from simbinaural.errors import InputError, require


@dataclass(frozen=True)
class Collection:
    """Things by class.

    Attributes
    ----------
    items : dict of str to tuple
        At least one thing for each class; classes and things in alphabetical order of their names.
    problems : tuple of str
        One line for each file that was left out or had to be changed.
    """

    items: dict
    problems: tuple = ()


def collect(folder, suffixes, read):
    """Read all files of a folder of class folders; subfolders of a class count to it.

    Parameters
    ----------
    folder : str or Path
        Holds a folder for each class.
    suffixes : tuple of str
        Of the files that count, in lower case; others and hidden ones are passed over.
    read : callable
        ``read(path, sound_class, name) -> (item, problems)``; raises `InputError` for a file that
        has to be left out.

    Returns
    -------
    Collection

    Raises
    ------
    InputError
        If the folder is missing or without class folders, or a class has no usable file.
    """
    folder = Path(folder)
    require(folder.is_dir(), f"{folder}: folder must exist")
    classes = [entry for entry in sorted(folder.iterdir()) if _counts(entry, folder, ())]
    require(classes, f"{folder}: folder must hold a folder for each class, such as guitar/")
    items, problems = {}, []
    for class_folder in classes:
        items[class_folder.name], found = _collect_class(class_folder, suffixes, read)
        problems += found
    return Collection(items, tuple(problems))


def _collect_class(folder, suffixes, read):
    """Items of one class, and what was wrong with its files."""
    items, problems = [], []
    for path in (path for path in sorted(folder.rglob("*")) if _counts(path, folder, suffixes)):
        try:
            item, remarks = read(path, folder.name, path.relative_to(folder).as_posix())
            items.append(item)
            problems += remarks
        except InputError as error:
            problems.append(f"{error}; left out")
    if not items:
        why = (
            problems[0].removesuffix("; left out") if problems else f"got no {suffixes[0]} or like"
        )
        raise InputError(f"{folder}: class must have at least one usable file, {why}")
    return tuple(items), problems


def _counts(path, folder, suffixes):
    """Whether a visible file has one of the suffixes; without suffixes: whether it is a folder."""
    if any(part.startswith(".") for part in path.relative_to(folder).parts):
        return False
    return path.is_file() and path.suffix.lower() in suffixes if suffixes else path.is_dir()
