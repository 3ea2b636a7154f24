"""Scanned homes as scenes: their mesh as it is filmed, what it sounds like, where one can stand."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.scenes.scene import Scene

HELD = 2
"""Scenes that a process keeps: a scan takes seconds to read."""


@dataclass(frozen=True)
class ScannedScenes:
    """Scans, from a published data set or of the user's own.

    Attributes
    ----------
    name : str
        What a user writes to get these scenes.
    folder_name : str
        Name for a data set of them.
    license : str
    scans : tuple of Scan
    need_textures : bool
        Whether textures that cannot be read are an error; not where habitat-sim films, which reads
        them itself.
    """

    name: str
    folder_name: str
    license: str
    scans: tuple
    need_textures: bool = True

    def __len__(self):
        return len(self.scans)

    def load(self, index):
        """Read a home.

        Parameters
        ----------
        index : int
            0 to ``len(self) - 1``.

        Returns
        -------
        Scene

        Raises
        ------
        InputError
            If there is no such home, it cannot be read, or nobody can stand in it.
        """
        return self._loaded(index)[0]

    def problems(self, index, is_known=None):
        """Lines for the user about a home (tuple of str), which is read if it was not.

        `is_known` tells of a material's name whether something else will replace its coefficients.
        """
        from simbinaural.scenes.categories import unknown_line

        scene, problems, areas = self._loaded(index)
        names = [material.name for material in scene.materials]
        line = unknown_line(scene.name, names, areas, is_known)
        return (*problems, line) if line else problems

    def _loaded(self, index):
        require(
            0 <= index < len(self.scans),
            f"index must be from 0 to {len(self.scans) - 1}, got {index}",
        )
        return _load(self.scans[index], self.need_textures)


def scan_warnings(scenes, index, is_known=None):
    """Lines for the user about a home of any set of scenes; built-in homes have none.

    Parameters
    ----------
    scenes : SceneSet
        As `simbinaural.scenes.sources.parse_scenes` gives them, refurnished or not.
    index : int
    is_known : callable, optional
        Tells of a material's name whether something else will replace its coefficients.

    Returns
    -------
    tuple of str
    """
    if not hasattr(scenes, "problems"):
        return ()
    return scenes.problems(index, is_known) if is_known else scenes.problems(index)


@lru_cache(maxsize=HELD)
def _load(scan, need_textures):
    """Scene of a scan, lines about it, and square metres of each material."""
    # Only who films needs them: `--help` and the readers of data sets do not.
    from simbinaural.scenes.categories import material_of
    from simbinaural.scenes.ground import ground_of
    from simbinaural.scenes.semantics import name_faces

    file = _read(scan, need_textures)
    names, index = name_faces(scan, file)
    mesh = replace(file.mesh, material=index.astype(np.int32))
    areas = np.bincount(index, _areas(mesh), len(names))
    materials = tuple(material_of(each) for each in names)
    name = f"{scan.dataset}/{scan.scene_id}"
    ground = ground_of(scan, mesh)
    scene = Scene(name, mesh, file.textures, materials, (), (), None, ground, scan)
    return scene, file.problems, tuple(areas)


def _read(scan, need_textures):
    """Mesh file of a scan.

    Matterport3D comes with Basis textures, which habitat-sim alone reads, and with a second mesh
    that has colors: that is filmed then.
    """
    from simbinaural.scenes.gltf_header import basis_extension, read_header
    from simbinaural.scenes.mesh_files import read_mesh
    from simbinaural.scenes.semantics import semantic_mesh

    options = {"up": scan.up, "unit_scale": scan.unit_scale, "need_textures": need_textures}
    colored = semantic_mesh(scan)
    if scan.dataset == "mp3d" and need_textures and colored.is_file():
        found = basis_extension(read_header(scan.mesh))
        if found:
            file = read_mesh(colored, **options)
            line = f"{scan.mesh}: textures are Basis-compressed ({found}); {colored.name} is filmed"
            return replace(file, problems=(line, *file.problems))
    return read_mesh(scan.mesh, **options)


def _areas(mesh):
    """Square metres (faces,) of a mesh's faces."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def pick(scans, name, count):
    """Take the first of some scans.

    Raises
    ------
    InputError
        If there are fewer.
    """
    if count > len(scans):
        raise InputError(f"scenes must be at most {len(scans)} of {name}, got {count}")
    return scans[:count]
