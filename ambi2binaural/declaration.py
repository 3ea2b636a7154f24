"""What a file declares of its panorama and its ambisonics, whatever its container."""

import re
from dataclasses import dataclass, field

from simbinaural.spherical import Projection

TAG = re.compile(r"<GSpherical:(\w+)[^<>]*>\s*([^<]*?)\s*<")
"""An element of Google's first metadata; by pattern: XML parsers can be made to explode."""

FULL = (0.0, 0.0, 0.0, 0.0)


@dataclass
class Declaration:
    """What a file says of itself.

    Attributes
    ----------
    values : dict of str to (object, str)
        For ``projection``, ``stereo``, ``tilt``, ``bounds``, ``padding`` the value and what says
        it.
    spatial_audio : dict of int to simbinaural.spherical.SpatialAudio
        What SA3D says of a sound track, counted from 0.
    hidden : list of int
        Offsets in the file of the kinds of boxes that the decoder must not see.
    notes : list of str
        What was damaged or unknown.
    missing : int
        Bytes that the file lacks at its end.
    """

    values: dict = field(default_factory=dict)
    spatial_audio: dict = field(default_factory=dict)
    hidden: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    missing: int = 0

    def declare(self, says, **values):
        """Note values; what was said before counts more."""
        for name, value in values.items():
            self.values.setdefault(name, (value, f"metadata: {says}"))

    def declare_projection(self, says, projection):
        """Note a `simbinaural.spherical.Projection`."""
        self.declare(
            says,
            projection=projection.kind,
            tilt=projection.tilt,
            bounds=projection.bounds,
            padding=projection.padding,
        )


def declare_gspherical(declaration, xml):
    """Note what the XML of Google's first spherical metadata says.

    Parameters
    ----------
    declaration : Declaration
        Grows.
    xml : bytes
        UTF-8; may be damaged.
    """
    tags = dict(TAG.findall(xml.decode("utf-8", "replace")))
    if tags.get("Spherical", "").lower() != "true":
        return
    kind = {"equirectangular": "equirect"}.get(tags.get("ProjectionType", "").lower())
    if kind is None:
        declaration.notes.append(
            f"GSpherical has the unknown projection {tags.get('ProjectionType')!r}"
        )
        return
    declaration.declare_projection("GSpherical", Projection(kind, bounds=_cropped(tags)))
    if tags.get("StereoMode") in ("mono", "top-bottom", "left-right"):
        declaration.declare("GSpherical", stereo=tags["StereoMode"])


def _cropped(tags):
    """Shares cropped off at left, top, right, bottom; none where the numbers make no sense."""
    names = [
        f"{part}{side}Pixels"
        for part in ("FullPano", "CroppedAreaImage")
        for side in ("Width", "Height")
    ]
    try:
        full_width, full_height, width, height = (int(tags[name]) for name in names)
        left, top = (int(tags.get(f"CroppedArea{side}Pixels", 0)) for side in ("Left", "Top"))
    except (KeyError, ValueError):
        return FULL
    right, bottom = full_width - width - left, full_height - height - top
    if min(left, top, right, bottom) < 0 or min(width, height) <= 0:
        return FULL
    return (left / full_width, top / full_height, right / full_width, bottom / full_height)
