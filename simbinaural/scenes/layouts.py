"""Where scanned homes lie: the published folders of the data sets, and files of one's own."""

import glob
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from simbinaural.errors import require
from simbinaural.scenes.scene import Scan

SUFFIXES = (".glb", ".gltf", ".ply", ".obj")

SPLITS = ("train", "val", "minival", "example")


@dataclass(frozen=True)
class Layout:
    """Where a data set has its scenes.

    Attributes
    ----------
    patterns : tuple of str
        Below the root or its ``scene_datasets``; of a scene that several fit, the first counts.
    expected : str
        As a user reads it.
    depth : int
        Folders from the mesh up to what the scene is named after; 0 for the file itself.
    license : str
    """

    patterns: tuple
    expected: str
    depth: int
    license: str


LAYOUTS = {
    "mp3d": Layout(
        ("mp3d/*/*.glb",),
        "mp3d/<scene>/<scene>.glb",
        1,
        "Matterport3D terms of use (academic, non-commercial)",
    ),
    "replica": Layout(
        ("replica/*/habitat/mesh_semantic.ply", "replica/*/mesh.ply"),
        "replica/<scene>/habitat/mesh_semantic.ply",
        1,
        "Replica research terms (non-commercial)",
    ),
    "gibson": Layout(
        ("gibson/*.glb",),
        "gibson/<scene>.glb",
        0,
        "Gibson database license (academic, non-commercial)",
    ),
    "hm3d": Layout(
        # Basis textures are for habitat-sim alone: the plain file, where it is there, is for all.
        tuple(f"hm3d/{split}/*/*{end}" for end in (".glb", ".basis.glb") for split in SPLITS),
        "hm3d/{train,val,minival,example}/<00800-ID>/<ID>.glb",
        1,
        "Habitat-Matterport 3D terms of use (academic, non-commercial)",
    ),
}
"""By the name of the data set."""

OWN_LICENSE = "the user's own"


def published_scans(dataset, root, *, up=None, unit_scale=1.0):
    """List the scenes of a published data set.

    Parameters
    ----------
    dataset : str
        One of `LAYOUTS`.
    root : str or Path
        Folder with ``scene_datasets``, or with the data set itself.
    up : str, optional
        Axis of the files that points up; ``z`` in all of these data sets.
    unit_scale : float
        Metres in a unit.

    Returns
    -------
    tuple of Scan
        Sorted by name.

    Raises
    ------
    InputError
        If there are none: what was looked for.
    """
    root, layout = Path(root).expanduser(), LAYOUTS[dataset]
    wanted = f"scene_datasets/{layout.expected}"
    remedy = "pass --scene-root DIR"
    require(root.is_dir(), f"{root}: must be a folder with {wanted}, got no folder; {remedy}")
    found = {}
    for pattern in layout.patterns:
        for base in ("scene_datasets", "."):
            for path in sorted((root / base).glob(pattern)):
                if _is_scene(dataset, path, pattern):
                    found.setdefault(_scene_id(dataset, path, layout), path)
    require(found, f"{root}: must have {wanted} or {layout.expected}, got none; {remedy}")
    return tuple(
        Scan(dataset, name, found[name], up or "z", unit_scale, root, _navmesh(found[name]))
        for name in sorted(found)
    )


def own_scans(pattern, *, up=None, unit_scale=1.0):
    """List mesh files of the user's own.

    Parameters
    ----------
    pattern : str
        A file, a folder (with all below it) or a pattern such as ``scans/*.glb``; ``~`` is home.
    up : str, optional
        Axis of the files that points up; ``y`` if not given.
    unit_scale : float
        Metres in a unit.

    Returns
    -------
    tuple of Scan
        Sorted by path; none if there are none.
    """
    start = Path(pattern).expanduser()
    if start.is_dir():
        paths = [path for path in start.rglob("*") if path.is_file()]
    elif start.is_file():
        paths = [start]
    else:
        paths = [Path(path) for path in glob.glob(str(start), recursive=True)]  # noqa: PTH207
    paths = sorted(path.absolute() for path in paths if path.suffix.lower() in SUFFIXES)
    if not start.is_file():
        paths = [path for path in paths if _is_own_scene(path)]
    return tuple(
        Scan("files", name, path, up or "y", unit_scale, None, _navmesh(path))
        for name, path in zip(_short_names(paths), paths, strict=True)
    )


def _is_scene(dataset, path, pattern):
    if dataset == "mp3d":
        return path.stem == path.parent.name
    if dataset == "hm3d":
        plain = not path.name.endswith((".basis.glb", ".semantic.glb"))
        return plain or (pattern.endswith(".basis.glb") and path.name.endswith(".basis.glb"))
    return True


def _scene_id(dataset, path, layout):
    if dataset == "replica":
        return path.parent.parent.name if path.parent.name == "habitat" else path.parent.name
    return path.parents[layout.depth - 1].name if layout.depth else path.stem


def _is_own_scene(path):
    """Leave out meshes that only tell the categories of another."""
    if path.name.endswith(".semantic.glb"):
        return False
    base, found, _ = path.name.rpartition("_semantic.ply")
    if found and path.with_name(f"{base}.glb").is_file():
        return False
    base, found, _ = path.name.rpartition(".basis.glb")
    return not (found and path.with_name(f"{base}.glb").is_file())


def _short_names(paths):
    """Stems of paths, with as many folders before them as tell them apart."""
    twins = Counter(path.with_suffix("") for path in paths)
    ends = [path.stem if twins[path.with_suffix("")] == 1 else path.name for path in paths]
    names, depth = list(ends), 0
    while len(set(names)) < len(names):
        depth += 1
        counts = Counter(names)
        names = [
            name if counts[name] == 1 else "/".join([*path.parts[-1 - depth : -1], end])
            for name, path, end in zip(names, paths, ends, strict=True)
        ]
    return names


def _navmesh(path):
    """Navigation mesh beside a mesh, or beside the mesh's folder; None if there is none."""
    base = path.name.removesuffix(path.suffix)
    near = [path.with_suffix(".navmesh"), path.with_name(f"{base}.basis.navmesh")]
    near.append(path.with_name(f"{base.removesuffix('.basis')}.navmesh"))
    near.append(path.parent.parent / f"{base}.navmesh")
    return next((file for file in near if file.is_file()), None)
