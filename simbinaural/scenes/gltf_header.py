"""What a glTF file needs of its reader, told by its header before anything is read."""

import json
import struct
from importlib.util import find_spec
from pathlib import Path

from simbinaural.errors import InputError, require

DRACO = "KHR_draco_mesh_compression"

UNREADABLE = {
    "EXT_meshopt_compression": "meshopt-compressed",
    "KHR_meshopt_compression": "meshopt-compressed",
    "KHR_mesh_quantization": "quantized",
}
"""Ways to store triangles that are not read, and what such a file is."""

UNPACK = "gltf-transform copy IN.glb OUT.glb"
"""What writes a file anew without compression of its triangles."""


def read_header(path):
    """Read the header of a .glb or .gltf file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it has none.
    """
    with Path(path).open("rb") as file:
        text = _json_chunk(path, file) if path.suffix.lower() == ".glb" else file.read()
    try:
        header = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: glTF header must be JSON, got {error}") from None
    require(isinstance(header, dict), f"{path}: glTF header must be a JSON object")
    return header


def _json_chunk(path, file):
    """Bytes of the first chunk (glTF 2.0, 4.4)."""
    start = file.read(20)
    require(
        len(start) == 20 and start[:4] == b"glTF" and start[16:] == b"JSON",
        f"{path}: file must be binary glTF 2, got {start[:4]!r}",
    )
    return file.read(struct.unpack("<I", start[12:16])[0])


def check_triangles(path, header):
    """Refuse what stores its triangles in a way that cannot be read.

    Raises
    ------
    InputError
        With what it is and what to do.
    """
    used = set(header.get("extensionsUsed", ())) | set(header.get("extensionsRequired", ()))
    if DRACO in used and find_spec("DracoPy") is None:
        raise InputError(
            f"{path}: triangles are Draco-compressed ({DRACO}), which needs DracoPy; "
            f"pip install DracoPy, or write it anew: {UNPACK}"
        )
    required = set(header.get("extensionsRequired", ()))
    for name in sorted(required & set(UNREADABLE)):
        raise InputError(
            f"{path}: triangles are {UNREADABLE[name]} ({name}), which cannot be read; "
            f"write it anew: gltf-transform dequantize or {UNPACK}"
        )


def basis_extension(header):
    """Name the Basis compression of a file's textures; None if they have none.

    Returns
    -------
    str or None
        ``KHR_texture_basisu``, or ``GOOGLE_texture_basis`` as in Habitat's MP3D and HM3D.
    """
    used = [*header.get("extensionsUsed", ()), *header.get("extensionsRequired", ())]
    for name in used:
        if "basis" in name.lower():
            return name
    kinds = [image.get("mimeType", "") for image in header.get("images", ())]
    return next((kind for kind in kinds if kind in ("image/ktx2", "image/x-basis")), None)
