"""The record of a rendered data set: what made it, from which files, under which licenses."""

import hashlib
import json
import platform
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from simbinaural.acoustics.engines import LICENSES
from simbinaural.errors import InputError

TOOL = "simbinaural render"

PACKAGES = (
    "simbinaural",
    "av",
    "embreex",
    "h5py",
    "numba",
    "numpy",
    "opencv-python",
    "pyroomacoustics",
    "scipy",
    "soxr",
    "trimesh",
)
"""Packages whose versions can change a clip."""

ENGINES = {"rlr": "rlr-audio-propagation", "habitat": "habitat-sim"}
"""Packages of engines that are not built in."""

KEMAR_LICENSE = "free if cited: Gardner and Martin, MIT Media Lab Technical Report 280, 1994"


def describe(options, studio, command):
    """Tell what makes a data set.

    Parameters
    ----------
    options : RenderOptions
        Settled.
    studio : Studio
        What all clips share.
    command : str
        What the user typed.

    Returns
    -------
    dict
        The content of `dataset.json`.
    """
    return {
        "tool": TOOL,
        "command": command,
        "options": options.as_json(),
        "seed": options.seed,
        "scenes": studio.scenes.name,
        "classes": {
            name: {
                "objects": [each.name for each in studio.catalog.objects[name]],
                "sounds": [each.name for each in studio.catalog.sounds[name]],
            }
            for name in studio.catalog.classes
        },
        "input_digest": _digest(options, studio.scenes),
        "hrtf": studio.hrtf.name,
        "versions": _versions(options),
        "cpu": _cpu_name(),
        "engines": {"vision": options.vision, "acoustics": options.acoustics},
        "licenses": {
            "scenes": studio.scenes.license,
            "hrtf": f"as {options.hrtf} says" if options.hrtf else KEMAR_LICENSE,
            "acoustics": _acoustics_license(options),
            "vision": "MIT (habitat-sim)" if options.vision == "habitat" else "MIT (built in)",
            "objects": "the user's own" if options.objects else "MIT (built in)",
            "sounds": "the user's own" if options.sounds else "MIT (built in)",
        },
    }


def _acoustics_license(options):
    """Licenses of the engines that may be heard: with auto, each clip names its own."""
    if options.acoustics != "auto":
        return LICENSES[options.acoustics]
    return "; ".join(f"{name}: {LICENSES[name]}" for name in ("soundspaces", "mesh"))


def check_same_input(folder, info, fresh):
    """Refuse to go on with other files; the versions may differ, which is recorded.

    Raises
    ------
    InputError
        If the digests of two descriptions, the one in the folder and a fresh one, differ.
    """
    if info.get("input_digest") != fresh["input_digest"]:
        raise InputError(
            f"{folder}: was made with other files in --scenes, --objects, --sounds, --hrtf or "
            "--materials; choose another --out or restore them"
        )


def version_changes(folder, info, options):
    """List, a line each, what differs between this machine and the one that began a data set."""
    now = {**_versions(options), "CPU": _cpu_name()}
    then = {**info.get("versions", {}), "CPU": info.get("cpu")}
    return [
        f"{folder}: was begun with {name} {then.get(name)}, now {now[name]}; "
        "new clips may differ in detail"
        for name in now
        if then.get(name) != now[name]
    ]


def _digest(options, scenes):
    """Digest of the user's own files: names and content; of scans, which are large, the sizes."""
    digest = hashlib.sha256()
    for scan in getattr(getattr(scenes, "scenes", scenes), "scans", ()):
        digest.update(json.dumps([scan.scene_id, scan.mesh.stat().st_size]).encode())
    own = (options.objects, options.sounds, options.hrtf, options.materials)
    for place in filter(None, own):
        root = Path(place)
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for path in files:
            digest.update(json.dumps(str(path.relative_to(root.parent))).encode())
            with path.open("rb") as file:
                for block in iter(partial(file.read, 1 << 20), b""):
                    digest.update(block)
    return digest.hexdigest()


def _versions(options):
    found = {"python": platform.python_version()}
    engines = (ENGINES.get(name) for name in (options.vision, options.acoustics))
    for package in (*PACKAGES, *filter(None, engines)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
