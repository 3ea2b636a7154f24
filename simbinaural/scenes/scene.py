"""What a home is to the cameras and to the ears.

The picture's side of a `Scene` is a textured triangle `Mesh` with lights; the sound's side is a
`Room`: planes with patches (doors, windows, rugs), and furniture as boxes. Both describe the same
home in the same world coordinates (`simbinaural.geometry`), and every face of the mesh names its
acoustic material.

A scanned home has no rooms: it is its mesh, with the light of the day it was scanned painted on,
and a `Ground` that tells where one can stand in it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

OCTAVE_BANDS_HZ = np.array([125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0])
"""Centre frequencies of every coefficient and of the acoustic engines."""


@dataclass(frozen=True)
class Material:
    """How a surface treats sound.

    Attributes
    ----------
    name : str
        As in the table that it comes from.
    absorption, scattering : (7,) numpy.ndarray
        Energy fractions at `OCTAVE_BANDS_HZ`, 0 to 1.
    """

    name: str
    absorption: np.ndarray
    scattering: np.ndarray


@dataclass(frozen=True)
class Texture:
    """How a surface looks.

    Attributes
    ----------
    pixels : (height, width, 3) numpy.ndarray of uint8
        sRGB; repeats in both directions. Texture coordinate (0, 0) is the first row's left edge,
        u grows along the rows, v down the columns.
    gloss : float
        From 0 (matt) to 1 (a mirror): gloss squared of the light is mirrored head-on, up to twice
        the gloss at a flat glance.
    emission : float
        Radiance of a white texel; 0 for what does not glow.
    """

    pixels: np.ndarray
    gloss: float = 0.0
    emission: float = 0.0


@dataclass(frozen=True)
class Mesh:
    """Triangles with corner attributes. Front faces run counterclockwise.

    Attributes
    ----------
    vertices : (vertices, 3) numpy.ndarray of float32
        Metres.
    faces : (faces, 3) numpy.ndarray of int32
        Vertices of each corner.
    uv : (faces, 3, 2) numpy.ndarray of float32
        Texture coordinates of each corner, in repeats of the texture.
    texture, material, room : (faces,) numpy.ndarray of int32
        Indices into `Scene.textures`, `Scene.materials` and `Scene.rooms` (-1: outside all rooms).
    tint : (faces, 3) numpy.ndarray of float32
        Linear colour that multiplies the texture.
    normals : (faces, 3, 3) numpy.ndarray of float32
        Unit normal of each corner, for smooth shading.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    material: np.ndarray
    room: np.ndarray
    tint: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True)
class Light:
    """A glowing rectangle: a lamp, or a window that lets the sky in.

    Attributes
    ----------
    origin, edge_u, edge_v : (3,) numpy.ndarray
        A corner and the two edges from it, metres; it shines along edge_u x edge_v.
    radiance : (3,) numpy.ndarray
        Linear RGB.
    room : int
        The room that it shines into.
    """

    origin: np.ndarray
    edge_u: np.ndarray
    edge_v: np.ndarray
    radiance: np.ndarray
    room: int


@dataclass(frozen=True)
class Sky:
    """What is outside: a sun and a gradient.

    Attributes
    ----------
    sun_direction : (3,) numpy.ndarray
        Unit vector towards the sun.
    sun_irradiance, zenith, horizon, ground : (3,) numpy.ndarray
        Linear RGB; the last three are radiances.
    """

    sun_direction: np.ndarray
    sun_irradiance: np.ndarray
    zenith: np.ndarray
    horizon: np.ndarray
    ground: np.ndarray


@dataclass(frozen=True)
class Patch:
    """A rectangle of another material in a wall, the floor or the ceiling.

    Attributes
    ----------
    surface : int
        Wall i runs from corner i of the polygon to the next; the number of walls is the floor, one
        more the ceiling.
    lower, upper : (2,) numpy.ndarray
        On a wall: metres along it from its corner and height above the floor. On floor and ceiling:
        world x, z.
    material : int
        Index into `Scene.materials`.
    kind : str
        ``door`` (an opening), ``window``, ``rug``, ``curtain``, ``picture``.
    """

    surface: int
    lower: np.ndarray
    upper: np.ndarray
    material: int
    kind: str


@dataclass(frozen=True)
class Support:
    """A level rectangle on which a thing can stand: a table top, a shelf.

    Attributes
    ----------
    lower, upper : (2,) numpy.ndarray
        World x, z.
    height : float
        World y.
    """

    lower: np.ndarray
    upper: np.ndarray
    height: float


@dataclass(frozen=True)
class Room:
    """A closed, upright prism with furniture: what the ears hear.

    Attributes
    ----------
    name : str
        Unique in the home, such as ``living-0``.
    kind : str
        ``living``, ``kitchen``, ``bedroom``, ``bathroom``, ``hall``, ``study``, ``dining``,
        ``studio``.
    polygon : (corners, 2) numpy.ndarray
        World x, z of the floor's corners, in metres; the shoelace sum x_i z_{i+1} - x_{i+1} z_i is
        positive.
    floor_y, height : float
        Metres.
    surfaces : (corners + 2,) numpy.ndarray of int
        Material of each wall, of the floor, of the ceiling.
    patches : tuple of Patch
        What differs from it; later ones lie on top.
    boxes : (boxes, 2, 3) numpy.ndarray
        Furniture: lower and upper corner, world, metres.
    box_materials : (boxes,) numpy.ndarray of int
        Index into `Scene.materials`.
    supports : tuple of Support
        Where things can stand, other than the floor.
    """

    name: str
    kind: str
    polygon: np.ndarray
    floor_y: float
    height: float
    surfaces: np.ndarray
    patches: tuple = ()
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3)))
    box_materials: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    supports: tuple = ()

    @cached_property
    def area(self):
        """Floor area in square metres."""
        x, z = self.polygon.T
        return 0.5 * float(np.sum(x * np.roll(z, -1) - np.roll(x, -1) * z))

    @property
    def volume(self):
        """Cubic metres, furniture included."""
        return self.area * self.height

    def clearance(self, points):
        """Distance of points (..., 2), world x and z, to the nearest wall; negative outside."""
        points = np.asarray(points, dtype=float)[..., None, :]
        start = self.polygon
        edge = np.roll(start, -1, axis=0) - start
        along = np.sum((points - start) * edge, axis=-1) / np.sum(edge * edge, axis=-1)
        nearest = start + np.clip(along, 0, 1)[..., None] * edge
        distance = np.min(np.linalg.norm(points - nearest, axis=-1), axis=-1)
        return np.where(self._contains(points, start, edge), distance, -distance)

    @staticmethod
    def _contains(points, start, edge):
        """Whether a ray along +x crosses the polygon an odd number of times."""
        below = start[:, 1] <= points[..., 1]
        beyond = start[:, 1] + edge[:, 1] <= points[..., 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = start[:, 0] + (points[..., 1] - start[:, 1]) / edge[:, 1] * edge[:, 0]
        return np.sum((below != beyond) & (points[..., 0] < cross), axis=-1) % 2 == 1


@dataclass(frozen=True, eq=False)
class Ground:
    """Where a person or a thing can stand in a scan.

    Attributes
    ----------
    points : (points, 3) numpy.ndarray
        On the floor, world, metres.
    clearance_m : (points,) numpy.ndarray
        Level distance from each to the nearest thing in a person's way.
    area : (points,) numpy.ndarray of int
        Connected area of each, from 0, the largest.
    spacing_m : float
        Distance between neighbors, where they lie on a grid.
    supports : (supports, 3) numpy.ndarray
        Points on tables and the like.
    support_half_width_m : (supports,) numpy.ndarray
        How wide a thing can stand there, from its middle.
    ear_height_m : float or None
        Where listeners can only be at the very points, as with precomputed responses: how high
        above the floor. None where they can be anywhere.
    origin : str
        What told it: ``mesh``, ``navmesh`` or ``soundspaces``.
    """

    points: np.ndarray
    clearance_m: np.ndarray
    area: np.ndarray
    spacing_m: float
    supports: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    support_half_width_m: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ear_height_m: float | None = None
    origin: str = "mesh"


@dataclass(frozen=True)
class Scan:
    """The files of a scanned home.

    Attributes
    ----------
    dataset : str
        ``mp3d``, ``replica``, ``gibson``, ``hm3d`` or ``files``.
    scene_id : str
        Its name there, such as ``17DRP5sb8fy``.
    mesh : Path
        What is filmed.
    up : str
        Axis of the file that points up, ``y`` or ``z``.
    unit_scale : float
        Metres in a unit of the file.
    root : Path or None
        Folder of the data sets, which SoundSpaces' files lie in too; None for single files.
    navmesh : Path or None
        Where habitat-sim's agents can walk.
    """

    dataset: str
    scene_id: str
    mesh: Path
    up: str = "y"
    unit_scale: float = 1.0
    root: Path | None = None
    navmesh: Path | None = None


@dataclass(frozen=True)
class Scene:
    """A home.

    Attributes
    ----------
    name : str
        Such as ``procedural/00007``.
    mesh : Mesh
        All that can be seen.
    textures : tuple of Texture
    materials : tuple of Material
    rooms : tuple of Room
    lights : tuple of Light
    sky : Sky
    ground : Ground or None
        Of a scan; homes with rooms have none.
    scan : Scan or None
        The files that a scan comes from.

    Notes
    -----
    A scan is not lit: its textures are the picture, with the light of its home in them.
    """

    name: str
    mesh: Mesh
    textures: tuple
    materials: tuple
    rooms: tuple
    lights: tuple
    sky: Sky | None
    ground: Ground | None = None
    scan: Scan | None = None

    @property
    def is_scan(self):
        """Whether it is a mesh without rooms, its light in its textures."""
        return self.ground is not None

    def room_at(self, position):
        """Return the index of the room around a point (3,), or -1."""
        position = np.asarray(position, dtype=float)
        for index, room in enumerate(self.rooms):
            level = 0 <= position[1] - room.floor_y <= room.height
            if level and room.clearance(position[[0, 2]]) > 0:
                return index
        return -1
