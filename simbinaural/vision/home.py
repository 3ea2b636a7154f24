"""What all renderers of a home share: its faces as tables, its quads, and casters of rays."""

import zlib
from collections import OrderedDict
from functools import cached_property

import numpy as np

from simbinaural.casting import RayCaster
from simbinaural.errors import require
from simbinaural.vision.lightmap import make_quads, merge_corners
from simbinaural.vision.surfaces import find_quads, tabulate
from simbinaural.vision.textures import pack_textures

VIEWPOINTS = 48
"""Places in a room from which its neighbours are looked for."""


class Home:
    """A scene, prepared for rays.

    Parameters
    ----------
    scene : Scene
    """

    def __init__(self, scene):
        require(len(scene.mesh.faces) > 0, "scene must have triangles, got none")
        self.scene = scene
        self.surfaces = tabulate(scene.mesh, scene.textures)
        self.quads = make_quads(self.surfaces, find_quads(scene.mesh, self.surfaces))
        self.caster = RayCaster(scene.mesh.vertices, scene.mesh.faces)

    @cached_property
    def blocker(self):
        """Casts shadows: all but what glows, for light comes out of lamps through their faces."""
        dull = self.surfaces.emission <= 0
        if dull.all():
            return self.caster
        return RayCaster(self.scene.mesh.vertices, self.scene.mesh.faces[dull])

    @cached_property
    def albedo(self):
        """Mean linear colour (faces, 3) of each face."""
        return self._means[self.surfaces.texture] * self.surfaces.tint

    @cached_property
    def _means(self):
        return pack_textures(self.scene.textures).means

    @cached_property
    def curved(self):
        """Faces that are lit by corner: those of no quad."""
        lone = np.ones(len(self.surfaces.room), dtype=bool)
        lone[self.quads.face] = lone[self.quads.face + 1] = False
        return np.flatnonzero(lone).astype(np.int32)

    def corners(self, rooms):
        """Number the corners of curved faces in some rooms.

        Returns
        -------
        faces : (n,) numpy.ndarray of int32
        merged : tuple
            As `lightmap.merge_corners` gives.
        """
        faces = self.curved[np.isin(self.surfaces.room[self.curved], rooms)]
        return faces, merge_corners(self.scene.mesh, self.surfaces, faces)

    def visible_rooms(self, room):
        """Rooms that can be seen from a room, through its doors, itself first: tuple of int."""
        eyes = self._viewpoints(self.scene.rooms[room])
        if len(eyes) == 0:
            return (room,)
        ways = sphere_rays(256)
        origins = np.repeat(eyes, len(ways), axis=0).astype(np.float32)
        hits = self.caster.first_hits(origins, np.tile(ways, (len(eyes), 1)))
        seen = np.unique(self.surfaces.room[hits.face[hits.face >= 0]])
        return (room, *(int(other) for other in seen if other not in (room, -1)))

    @staticmethod
    def _viewpoints(room):
        """Spread points over a room at the height of eyes: (points, 3)."""
        index = np.arange(4 * VIEWPOINTS)[:, None]
        share = (0.5 + index * np.array([0.7548776662466927, 0.5698402909980532])) % 1
        lower, upper = room.polygon.min(axis=0), room.polygon.max(axis=0)
        places = lower + share * (upper - lower)
        places = places[room.clearance(places) > 0.1][:VIEWPOINTS]
        height = room.floor_y + min(1.5, 0.6 * room.height)
        return np.insert(places, 1, height, axis=1)


def sphere_rays(count):
    """Spread directions over the sphere (count, 3), float32."""
    index = np.arange(count)
    y = 1 - (2 * index + 1) / count
    angle = index * np.pi * (3 - np.sqrt(5))
    level = np.sqrt(1 - y * y)
    ways = np.stack([level * np.cos(angle), y, level * np.sin(angle)], axis=1)
    return ways.astype(np.float32)


class RecentlyUsed:
    """A small store of what was made last.

    Parameters
    ----------
    capacity : int
        How many things it keeps.
    """

    def __init__(self, capacity):
        self._capacity = capacity
        self._held = OrderedDict()

    def get(self, key, make):
        """Return what was made for `key`, calling `make` if it is not kept."""
        if key not in self._held:
            self._held[key] = make()
        self._held.move_to_end(key)
        found = self._held[key]
        while len(self._held) > self._capacity:
            self._held.popitem(last=False)
        return found


_HOMES = RecentlyUsed(2)


def fingerprint(scene):
    """Tell scenes apart that bear the same name: a tuple to use as a key."""
    mesh = scene.mesh
    shapes = (mesh.vertices, mesh.faces, mesh.uv, mesh.texture, mesh.tint, mesh.room)
    looks = [
        # Some rows of each texture are enough: whoever paints a home anew changes more than a row.
        (t.gloss, t.emission, t.pixels.shape, _checksum([t.pixels[::32]]))
        for t in scene.textures
    ]
    lights = [(light.room, _checksum(_arrays(light))) for light in scene.lights]
    floors = [_checksum([room.polygon]) for room in scene.rooms]
    return (scene.name, _checksum(shapes), _checksum(_arrays(scene.sky)), *looks, *lights, *floors)


def _checksum(arrays):
    check = 0
    for array in arrays:
        check = zlib.crc32(np.ascontiguousarray(array), check)
    return check


def _arrays(record):
    return [value for value in vars(record).values() if isinstance(value, np.ndarray)]


def load_home(scene):
    """Prepare a scene, or return it as it was prepared before."""
    return _HOMES.get(fingerprint(scene), lambda: Home(scene))
