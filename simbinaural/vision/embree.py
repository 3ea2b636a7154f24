"""The embedded renderer: colour, metric depth and source mask of a home, on any CPU."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simbinaural.casting import RayCaster
from simbinaural.errors import require
from simbinaural.geometry import pixel_vectors, rotation_matrix
from simbinaural.scenes.scene import Mesh
from simbinaural.vision.contact import Inserted, light_objects
from simbinaural.vision.home import load_home
from simbinaural.vision.light import room_light
from simbinaural.vision.raster import SAMPLES, Lens, rasterize
from simbinaural.vision.rays import View, aim
from simbinaural.vision.shading import Stage, develop, reflect, shade_centres
from simbinaural.vision.surfaces import join, tabulate
from simbinaural.vision.textures import LINEAR, pack_textures
from simbinaural.vision.tone import luminance, srgb_table

SKY_ON_FILM = 2.0
"""The brightest part of the sky as the film gets it: a photographer would wait for dusk, so that
windows show what is outside."""

_TABLE = srgb_table()


@dataclass(frozen=True)
class Frame:
    """A picture and its geometry.

    Attributes
    ----------
    rgb : (height, width, 3) numpy.ndarray of uint8
    depth : (height, width) numpy.ndarray of float32
        Metres, along the view axis, radial in panoramas; 0 where nothing is hit.
    mask : (height, width) numpy.ndarray of uint8
        0 background, k = visible pixels of object k, counted from 1.
    """

    rgb: np.ndarray
    depth: np.ndarray
    mask: np.ndarray


class Renderer:
    """Takes pictures of a home with objects in it.

    Parameters
    ----------
    scene : Scene
    objects : sequence of PlacedObject, optional
        Things set into the scene, at most 255.
    room : int, optional
        The room that is filmed: its light is baked finely, that of rooms seen through its doors
        coarsely. By default all rooms are baked as one.
    light : BakedLight, optional
        As `room_light(scene, room)` gives, which is called by default and keeps the last few.
    """

    def __init__(self, scene, objects=(), *, room=None, light=None):
        require(len(objects) <= 255, f"objects must be at most 255, got {len(objects)}")
        self._home = load_home(scene)
        self._light = room_light(scene, room) if light is None else light
        self.n_objects = len(objects)
        atlas = pack_textures([*scene.textures, *(t for o in objects for t in o.textures)])
        self._set_objects(objects, atlas)
        self._corners = _corners(self._surfaces)
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

    def render(self, pose, camera):
        """Take a picture.

        Parameters
        ----------
        pose : Pose
        camera : Camera

        Returns
        -------
        Frame

        Notes
        -----
        Five samples a pixel decide what is seen, the centre alone what `depth` and `mask` say.
        Colour is computed once for each smooth surface in a pixel.
        """
        view = _view(pose, camera)
        faces = self._find_faces(view, camera)
        light, depth, mask, mirrored = shade_centres(
            self._stage, view, faces[0], camera.projection == "perspective"
        )
        hits = self._caster.first_hits(mirrored.origin, mirrored.way)
        reflect(self._stage, view, mirrored, hits.face, light)
        return Frame(develop(self._stage, view, faces, light, _TABLE), depth, mask)

    def _find_faces(self, view, camera):
        """Face (samples, height, width) that each sample sees."""
        if camera.projection == "perspective":
            near = self._surfaces.room == self._home.scene.room_at(view.eye)
            return rasterize(self._corners, _lens(view, camera), SAMPLES, near)
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

    def visible_share(self, pose, camera, frame=None):
        """Share of each object's silhouette that is seen.

        Parameters
        ----------
        pose : Pose
        camera : Camera
        frame : Frame, optional
            What `render` gave for them, to save the work.

        Returns
        -------
        (objects,) numpy.ndarray of float32
            Visible pixels over pixels of the silhouette that falls into the frame, 0 to 1; 0 for
            an object out of frame.
        """
        view = _view(pose, camera)
        mask = frame.mask if frame is not None else self._mask(view, camera)
        visible = np.bincount(mask.ravel(), minlength=self.n_objects + 1)[1:]
        whole = [self._silhouette(view, camera, k + 1) for k in range(self.n_objects)]
        return (visible / np.maximum(whole, 1)).astype(np.float32)

    def _mask(self, view, camera):
        faces = self._find_faces(view, camera)[0]
        return np.where(faces < 0, 0, self._surfaces.label[faces])

    def _silhouette(self, view, camera, label):
        """Pixels that an object would fill if nothing hid it."""
        chosen = np.flatnonzero(self._surfaces.label == label)
        if camera.projection == "perspective":
            near = np.ones(len(chosen), dtype=bool)
            faces = rasterize(self._corners[chosen], _lens(view, camera), SAMPLES[:1], near)
            return np.count_nonzero(faces >= 0)
        corners = self._corners[chosen].reshape(-1, 3)
        caster = RayCaster(corners, np.arange(len(corners)).reshape(-1, 3))
        return np.count_nonzero(caster.blocked(*aim(view, view.ways[0])))

    def sees(self, origins, targets, *, through_objects=True):
        """Tell whether nothing stands between points.

        Parameters
        ----------
        origins, targets : (..., 3) array_like
            World, metres; broadcast together.
        through_objects : bool, optional
            Whether only the home can hide a target, so that an object does not hide what is
            inside it.

        Returns
        -------
        (...) numpy.ndarray of bool

        Raises
        ------
        InputError
            If the points have not three coordinates.
        """
        caster = self._home.caster if through_objects else self._caster
        return caster.sees(origins, targets)


def merge_meshes(meshes):
    """Join meshes into one; texture numbers are kept."""
    shifts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    columns = {
        name: np.concatenate([getattr(mesh, name) for mesh in meshes])
        for name in Mesh.__dataclass_fields__
    }
    columns["faces"] = np.concatenate(
        [mesh.faces + shift for mesh, shift in zip(meshes, shifts, strict=True)]
    ).astype(np.int32)
    return Mesh(**columns)


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


@lru_cache(maxsize=2)
def _rays(camera):
    """Unit body vectors (samples, 3, pixels) of pixels, and the angle (pixels,) that they span."""
    columns, rows = np.arange(camera.width) + 0.5, np.arange(camera.height)[:, None] + 0.5
    ways = np.stack([pixel_vectors(camera, columns + x, rows + y) for x, y in SAMPLES])
    angle = np.full((camera.height, camera.width), 2 * np.pi / camera.width)
    if camera.projection == "perspective":
        angle = -ways[0, :, :, 2] / camera.focal_px
    ways = np.ascontiguousarray(ways.reshape(len(SAMPLES), -1, 3).transpose(0, 2, 1))
    return ways, angle.ravel().astype(np.float32)


def _view(pose, camera):
    ways, pixel = _rays(camera)
    return View(pose.position, np.ascontiguousarray(rotation_matrix(pose.orientation)), ways, pixel)


def _lens(view, camera):
    return Lens(view.eye, view.turn, (camera.height, camera.width), camera.focal_px)


def _corners(surfaces):
    """Corners (faces, 3, 3) of all faces, world."""
    corner = surfaces.corner
    return np.stack([corner, corner + surfaces.edge1, corner + surfaces.edge2], axis=1)


def _edges(group):
    """Tell which pixels (height, width) lie beside another surface; panoramas are round."""
    edge = np.zeros(group.shape, dtype=bool)
    across = group != np.roll(group, 1, axis=1)
    down = group[1:] != group[:-1]
    edge |= across | np.roll(across, -1, axis=1)
    edge[1:] |= down
    edge[:-1] |= down
    return edge
