"""Homes with objects in them, lit and ready to be filmed."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simbinaural.casting import RayCaster
from simbinaural.vision.contact import Inserted, light_objects
from simbinaural.vision.frame import Frame, lens_of
from simbinaural.vision.home import load_home
from simbinaural.vision.light import room_light
from simbinaural.vision.raster import SAMPLES, rasterize
from simbinaural.vision.rays import aim
from simbinaural.vision.shading import Stage, develop, reflect, shade_centres
from simbinaural.vision.surfaces import corners_of, join, merge_meshes, tabulate
from simbinaural.vision.textures import LINEAR, pack_textures
from simbinaural.vision.tone import luminance, srgb_table

SKY_ON_FILM = 2.0
"""The brightest part of the sky as the film gets it: a photographer would wait for dusk, so that
windows show what is outside."""

_TABLE = srgb_table()


class LitSet:
    """A home with objects in it, lit.

    Parameters
    ----------
    scene : Scene
    objects : sequence of PlacedObject
    room : int or None
        The room that is filmed.
    light : BakedLight or None
    """

    def __init__(self, scene, objects, room, light):
        self._home = load_home(scene)
        self._light = room_light(scene, room) if light is None else light
        atlas = pack_textures([*scene.textures, *(t for o in objects for t in o.textures)])
        self._set_objects(objects, atlas)
        self._corners = corners_of(self._surfaces)
        self._stage = Stage(
            surfaces=self._surfaces,
            group=_smooth_groups(self._layout),
            atlas=atlas,
            linear=LINEAR,
            layout=self._layout,
            light=self._irradiance,
            sky=_sky_on_film(scene.sky, self._light.exposure),
            exposure=np.float32(self._light.exposure),
        )

    def _set_objects(self, objects, atlas):
        """Join home and objects: faces, casters, light."""
        home = self._home
        self._surfaces, self._caster = home.surfaces, home.caster
        self._layout = self._light.layout
        if not objects:
            self._irradiance = self._light.direct + self._light.indirect
            return
        scene = home.scene
        mesh = merge_meshes([thing.mesh for thing in objects])
        tables = [tabulate(o.mesh, o.textures, label=k + 1) for k, o in enumerate(objects)]
        n_textures = [len(scene.textures), *(len(thing.textures) for thing in objects)]
        self._surfaces = join([home.surfaces, *tables], n_textures)
        everything = merge_meshes([scene.mesh, mesh])
        self._caster = RayCaster(everything.vertices, everything.faces)
        bounds = [(o.mesh.vertices.min(axis=0), o.mesh.vertices.max(axis=0)) for o in objects]
        albedo = atlas.means[self._surfaces.texture] * self._surfaces.tint
        inserted = Inserted(mesh, np.array(bounds), self._surfaces, albedo, self._caster)
        self._layout, self._irradiance = light_objects(home, self._light, inserted)

    def film(self, view, camera):
        """Take a picture (see `Renderer.render`)."""
        faces = self._find_faces(view, camera)
        light, depth, mask, mirrored = shade_centres(
            self._stage, view, faces[0], camera.projection == "perspective"
        )
        hits = self._caster.first_hits(mirrored.origin, mirrored.way)
        reflect(self._stage, view, mirrored, hits.face, light)
        return Frame(develop(self._stage, view, faces, light, _TABLE), depth, mask)

    def mask(self, view, camera):
        """Label (height, width) of what each pixel sees."""
        faces = self._find_faces(view, camera)[0]
        return np.where(faces < 0, 0, self._surfaces.label[faces])

    def object_corners(self, label):
        """Corners (faces, 3, 3) of the object with a label, world."""
        return self._corners[self._surfaces.label == label]

    def sees(self, origins, targets, through_objects):
        """Tell whether nothing stands between points (see `Renderer.sees`)."""
        caster = self._home.caster if through_objects else self._caster
        return caster.sees(origins, targets)

    def _find_faces(self, view, camera):
        """Face (samples, height, width) that each sample sees."""
        if camera.projection == "perspective":
            near = self._surfaces.room == self._home.scene.room_at(view.eye)
            return rasterize(self._corners, lens_of(view, camera), SAMPLES, near)
        return self._cast_faces(view, camera)

    def _cast_faces(self, view, camera):
        """Cast the centres of all pixels, and the other samples where surfaces meet."""
        size = (camera.height, camera.width)
        faces = np.empty((len(view.ways), *size), np.int32)
        faces[:] = self._caster.first_hits(*aim(view, view.ways[0])).face.reshape(size)
        group = np.where(faces[0] < 0, -1, self._stage.group[faces[0]])
        edge = _edges(group)
        for sample in range(1, len(faces)):
            rays = aim(view, view.ways[sample][:, edge.ravel()])
            faces[sample][edge] = self._caster.first_hits(*rays).face
        return faces


def _smooth_groups(layout):
    """Number the smooth surfaces (faces,): quads, and curved faces that share corner points."""
    n_faces = len(layout.quad)
    curved = np.flatnonzero(layout.quad < 0)
    points = layout.corner[curved].ravel() + n_faces
    size = int(points.max(initial=n_faces)) + 1
    links = coo_array(
        (np.ones(len(points), np.int8), (np.repeat(curved, 3), points)), shape=(size, size)
    )
    _, group = connected_components(links, directed=False)
    return np.where(layout.quad >= 0, size + layout.quad, group[:n_faces]).astype(np.int32)


def _sky_on_film(sky, exposure):
    """The sky's radiances (3, 3), dimmed so that the film keeps its colours."""
    radiances = np.array([sky.zenith, sky.horizon, sky.ground], dtype=float)
    brightest = exposure * max(float(luminance(radiances).max()), 1e-9)
    return radiances * min(1.0, SKY_ON_FILM / brightest)


def _edges(group):
    """Tell which pixels (height, width) lie beside another surface; panoramas are round."""
    edge = np.zeros(group.shape, dtype=bool)
    across = group != np.roll(group, 1, axis=1)
    down = group[1:] != group[:-1]
    edge |= across | np.roll(across, -1, axis=1)
    edge[1:] |= down
    edge[:-1] |= down
    return edge
