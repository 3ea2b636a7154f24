"""One page that shows a data set: `index.html`, which opens from disk, and `previews/`.

::

    index.html            everything but the clips: list, statistics, style and program
    previews/CLIPID.mp4   picture and sound
    previews/CLIPID.jpg   first frame
    previews/CLIPID.js    what is drawn of the clip, loaded when it is shown

A page that is opened from disk may not fetch data, but it may load scripts; so the drawings of each
clip are a script of one call, and a page of a thousand clips opens as quickly as one of ten.
"""

import html
import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np

from simbinaural.dataset.preview_clip import describe_clip, draw_clip
from simbinaural.dataset.preview_statistics import Statistics
from simbinaural.errors import require
from simbinaural.shards import open_dataset
from simbinaural.shards.writer import replacing
from simbinaural.video import write_video

SCRIPTS = ("svg", "timeline", "map", "decay", "statistics", "page")
"""Parts of the page's program, each using only those before it."""


def write_preview(folder, *, clips=24, progress=None):
    """Write the preview page of a data set.

    Parameters
    ----------
    folder : str or Path
        The data set.
    clips : int
        How many clips can be played, evenly spread over the data set; the statistics are of all.
    progress : callable, optional
        Called with the number of all clips; returns what is called with each 1.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        If the folder is no data set, is damaged or holds no clips, or `clips` is below 1.
    """
    folder = Path(folder)
    require(clips >= 1, f"clips must be at least 1, got {clips}")
    with open_dataset(folder) as dataset:
        require(len(dataset) > 0, f"{folder}: data set must hold clips, got none")
        chosen = evenly_spread(dataset.clip_ids, clips)
        _remove_others(folder / "previews", chosen)
        advance = progress(len(dataset)) if progress else lambda _: None
        statistics, described = Statistics(), []
        for clip in dataset:
            statistics.add(clip)
            if clip.id in chosen:
                write_clip(folder / "previews", clip)
                described.append(describe_clip(clip))
            advance(1)
        page = build_page(
            {
                "name": folder.resolve().name,
                "info": dataset.info,
                "statistics": statistics.summary(),
                "clips": described,
            }
        )
    path = folder / "index.html"
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def evenly_spread(items, count):
    """Choose `count` items, or all, from the first to the last in even steps."""
    places = np.linspace(0, len(items) - 1, min(count, len(items)))
    return [items[place] for place in np.unique(places.round().astype(int))]


def write_clip(folder, clip):
    """Write a clip's video, its first frame and its drawings into `folder`."""
    attributes = clip.attributes
    frames = clip["frames"]
    write_video(
        folder / f"{clip.id}.mp4",
        frames,
        attributes["fps"],
        clip["audio"],
        attributes["sample_rate"],
        times=clip["frame_times"],
    )
    call = f"receiveClip({as_script(clip.id)}, {as_script(draw_clip(clip))});\n"
    for suffix, content in ("jpg", frames[0].tobytes()), ("js", call.encode()):
        with replacing(folder / f"{clip.id}.{suffix}") as temporary:
            temporary.write_bytes(content)


def _remove_others(folder, clip_ids):
    """Remove the previews of clips that are not among those to be shown."""
    for path in folder.glob("*"):
        if path.suffix in (".mp4", ".jpg", ".js") and path.stem not in clip_ids:
            path.unlink()


def build_page(data):
    """Put the page together.

    Parameters
    ----------
    data : dict
        ``name``, ``info``, ``statistics`` and ``clips``.

    Returns
    -------
    str
        HTML with everything in it.
    """
    parts = files("simbinaural") / "assets" / "preview"

    def part(name):
        return (parts / name).read_text(encoding="utf-8")

    filled = {
        "TITLE": html.escape(data["name"]),
        "STYLE": part("style.css"),
        "SCRIPT": "\n".join(part(f"{name}.js") for name in SCRIPTS),
        "DATA": as_script(data),
    }
    # In one pass, so that a mark within the data stays what it is.
    return re.sub("@(TITLE|STYLE|SCRIPT|DATA)@", lambda mark: filled[mark[1]], part("page.html"))


def as_script(value):
    """Write a value as JSON that may stand inside an HTML script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
