"""The embedded renderer: colour, metric depth and source mask of a home or a scan, on any CPU."""

from simbinaural.errors import require
from simbinaural.vision.frame import Frame, view_from
from simbinaural.vision.lit_set import LitSet
from simbinaural.vision.scan_set import ScanSet
from simbinaural.vision.silhouettes import visible_share

__all__ = ["Frame", "Renderer"]


class Renderer:
    """Takes pictures of a home with objects in it.

    Parameters
    ----------
    scene : Scene
    objects : sequence of PlacedObject, optional
        Things set into the scene, at most 255.
    room : int, optional
        The room that is filmed: its light is baked finely, that of rooms seen through its doors
        coarsely. By default all rooms are baked as one. Scans have none.
    light : BakedLight, optional
        As `room_light(scene, room)` gives, which is called by default and keeps the last few.

    Notes
    -----
    Homes are lit and developed on a film (`lit_set`). The light of scans is in their textures,
    which are shown as they are (`scan_set`).
    """

    def __init__(self, scene, objects=(), *, room=None, light=None):
        require(len(objects) <= 255, f"objects must be at most 255, got {len(objects)}")
        self.n_objects = len(objects)
        if scene.is_scan:
            self._set = ScanSet(scene, objects)
        else:
            self._set = LitSet(scene, objects, room, light)

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
        return self._set.film(view_from(pose, camera), camera)

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
        view = view_from(pose, camera)
        mask = frame.mask if frame is not None else self._set.mask(view, camera)
        objects = [self._set.object_corners(k + 1) for k in range(self.n_objects)]
        return visible_share(objects, view, camera, mask)

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
        return self._set.sees(origins, targets, through_objects)
