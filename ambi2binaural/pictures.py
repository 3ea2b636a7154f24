"""What the frames of a video are: as declared, else by their shape, else by their content.

Options override all; what remains a guess is noted as one.
"""

from ambi2binaural.layout import VideoLayout
from ambi2binaural.seams import SAME_EYES, eyes, half, likeness, recognize
from simbinaural.errors import InputError, require

HALF_SPHERE = 0.55
"""Share of the horizon up to which a video is one of 180 degrees."""

NOT_SPHERICAL = {
    "equirect180": "a 180° video",
    "fisheye": "a fisheye video",
    "mesh": "a mesh other than YouTube's cube, as 180° videos have",
}


def find_video_layout(declared, shape, look, overrides):
    """Find out how the frames of a video show the sphere.

    Parameters
    ----------
    declared : dict of str to (object, str)
        Values that the file declares, and what says them: as in `declaration.Declaration`.
    shape : (int, int, float)
        Width and height in pixels, and the width of a pixel as shown, relative to its height.
    look : callable
        Gives gray pictures (pictures, height, width); called only where nothing else tells.
    overrides : Overrides
        What the user knows better.

    Returns
    -------
    VideoLayout
        With the word how.

    Raises
    ------
    InputError
        If the video shows but half the sphere, or a mesh other than YouTube's cube.
    """
    known = dict(declared)
    if overrides.projection not in (None, known.get("projection", (None,))[0]):
        # What is said of another projection's edges does not hold.
        known = {name: known[name] for name in known if name not in ("bounds", "padding")}
    for name in "projection", "stereo", "tilt":
        if getattr(overrides, name) is not None:
            known[name] = getattr(overrides, name), "option"
    notes = []
    _settle_eyes(known, notes)
    _settle_projection(known, notes, shape, look)
    layout = VideoLayout(
        **{name: value for name, (value, _) in known.items()},
        how={name: says for name, (_, says) in known.items()},
        notes=tuple(notes),
    )
    _require_sphere(layout)
    return layout


def _settle_eyes(known, notes):
    # Either eye is as good: the warps know no frame with the right eye above.
    if known.get("stereo", (None,))[0] == "bottom-top":
        known["stereo"] = "top-bottom", known["stereo"][1]
        notes.append("the right eye's picture lies above: it is taken")


def _settle_projection(known, notes, shape, look):
    """Fill in projection and stereo, from shape where it tells, else from content."""
    told = {} if "projection" in known else _told_by_shape(known, shape)
    # Pixels that are not square may be left from any picture that this one was made of.
    if told and shape[2] == 1:
        if "stereo" not in known:
            _require_no_half_spheres(told["stereo"], look())
        known.update({**told, **known})
    if known.get("projection", (None,))[0] in (None, "mesh"):
        _settle_by_content(known, notes, look(), told or _guess(shape))
    if "stereo" not in known:
        known["stereo"] = _eyes_by_shape(known["projection"][0], shape)


def _guess(shape):
    """What is taken where nothing tells."""
    return {"projection": ("equirect", f"guess: {_words(shape).rstrip(',')}, and no seams fit")}


def _told_by_shape(known, shape):
    """Projection and stereo of shapes that only equirectangular pictures have; else nothing."""
    stereo = known.get("stereo", (None,))[0]
    usual = {"mono": 2.0, "top-bottom": 1.0, "left-right": 4.0, "right-left": 4.0}
    for eyes_of_shape, aspect in usual.items():
        if stereo in (None, eyes_of_shape) and _near(_aspect(shape), aspect):
            says = f"shape: {_words(shape)} is {aspect:g}:1"
            return {"projection": ("equirect", says), "stereo": (eyes_of_shape, says)}
    return {}


def _require_no_half_spheres(told, pictures):
    """Refuse two eyes side by side in a shape that is otherwise that of whole spheres."""
    stereo, says = told
    if stereo not in ("mono", "top-bottom"):
        return
    beside = likeness(pictures, "left-right")
    above = likeness(pictures, "top-bottom") if stereo == "top-bottom" else 0.0
    require(
        beside < SAME_EYES or beside <= above,
        f"video must show the whole sphere, got halves that are alike left and right ({says}): "
        f"a 180° video; pass --stereo {stereo} if it does",
    )


def _eyes_by_shape(projection, shape):
    says = f"shape: {_words(shape)}"
    if projection == "equirect" and _near(_aspect(shape), 1):
        return "top-bottom", f"{says} is 1:1"
    if projection == "equirect" and _near(_aspect(shape), 4):
        return "left-right", f"{says} is 4:1"
    return "mono", "default: nothing says otherwise"


def _settle_by_content(known, notes, pictures, otherwise):
    """Recognize the projection by its seams, and two eyes by their likeness."""
    stereo, says = eyes(pictures) if len(pictures) else "mono", "content: likeness of halves"
    stereo = known.get("stereo", (stereo, says))
    best, sure = recognize(half(pictures, stereo[0]))
    if known.get("projection", (None,))[0] == "mesh":
        # YouTube says mesh of its cubes; what else a mesh may be its seams do not show.
        if best == "eac" and sure:
            known["projection"] = "eac", f"{known['projection'][1]}; content: seams fit"
    elif sure:
        known["projection"], known["stereo"] = (best, "content: seams fit"), stereo
    else:
        known.update({**otherwise, **known})
        notes.append("nothing tells the projection for sure; pass --projection and --stereo")


def _require_sphere(layout):
    if layout.projection in NOT_SPHERICAL:
        raise InputError(
            f"video must show the whole sphere, got {NOT_SPHERICAL[layout.projection]} "
            f"({layout.how['projection']}); pass --projection if it does"
        )
    share = 1 - layout.bounds[0] - layout.bounds[2]
    require(
        share > HALF_SPHERE,
        f"video must show the whole sphere, got {share * 360:.0f}° of the horizon "
        f"({layout.how.get('bounds', 'default')}): a 180° video",
    )


def _aspect(shape):
    width, height, pixel_aspect = shape
    return width * pixel_aspect / height


def _near(aspect, other):
    return abs(aspect / other - 1) < 0.02


def _words(shape):
    width, height, pixel_aspect = shape
    if pixel_aspect == 1:
        return f"{width} x {height}"
    return f"{width} x {height}, pixels {pixel_aspect:.4g}:1,"
