"""Lists of video ids, and the files that were downloaded for them.

YT-Clean (Morgado et al. 2018) and its like are published as lists of YouTube ids. A list holds an
id a line, with the part of the split behind it where that is given::

    # comment
    dQw4w9WgXcQ train
    -abc_123XYZ test
"""

from pathlib import Path

from ambi2binaural.batch import Source
from ambi2binaural.media import open_media, picture_track
from simbinaural.errors import InputError, require
from simbinaural.shards import PARTS

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov")
AUDIO_SUFFIXES = (".m4a", ".opus", ".ogg", ".wav", ".flac", ".aac", ".caf", ".mka")


def read_list(path):
    """Read a list of video ids.

    Parameters
    ----------
    path : path-like
        The list.

    Returns
    -------
    ids : list of str
        In order, without doubles.
    parts : dict of str to str
        Part of each id, where it is given.

    Raises
    ------
    InputError
        If there is no id, a part is unknown, or the file is no text.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: must be a text of video ids, got {error.reason}") from error
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    ids, parts = {}, {}
    for name, *rest in filter(None, lines):
        ids[name] = None
        if rest and rest[0] not in PARTS:
            raise InputError(f"{path}: part must be one of {', '.join(PARTS)}, got {rest[0]}")
        if rest:
            parts[name] = rest[0]
    require(ids, f"{path}: must hold video ids, got none")
    return list(ids), parts


def find_sources(ids, folder):
    """Find the downloaded files of some ids.

    Parameters
    ----------
    ids : iterable of str
        Video ids.
    folder : path-like
        Holds ``ID.mp4`` (or mkv, webm, mov), and ``ID.m4a`` or the like where sound is separate;
        yt-dlp often names it ``ID.webm``.

    Returns
    -------
    sources : list of Source
        Of those that are there.
    missing : list of str
        Ids without a video.

    Raises
    ------
    InputError
        If the folder is missing or none of the ids is there.
    """
    folder = Path(folder)
    require(folder.is_dir(), f"{folder}: folder must exist")
    by_stem = {}
    for path in sorted(folder.iterdir()):
        by_stem.setdefault(path.stem, []).append(path)
    sources, missing = [], []
    for name in ids:
        there = by_stem.get(name, [])
        video = next((path for path in there if path.suffix.lower() in VIDEO_SUFFIXES), None)
        others = (path for path in there if path != video)
        audio = next((path for path in others if _is_sound(path)), None)
        if video is None:
            missing.append(name)
        else:
            sources.append(Source(str(video), str(audio) if audio else None))
    require(sources, f"{folder}: holds none of the {len(missing)} videos of the list")
    return sources, missing


def _is_sound(path):
    """Whether a file holds sound alone: its name says so, or a video's name and no pictures."""
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        return path.suffix.lower() in AUDIO_SUFFIXES
    try:
        with open_media(path) as container:
            return picture_track(container) is None
    except InputError:
        return False
