"""What there is to film in: a line for each scene, and a picture of it from above."""

from pathlib import Path

import numpy as np

from simbinaural.errors import InputError
from simbinaural.scenes.scans import scan_warnings


def describe(scene):
    """Say in a line how large a home is and where one can stand in it.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    str
    """
    n_triangles = len(scene.mesh.faces)
    width, height, depth = np.ptp(scene.mesh.vertices, axis=0)
    size = f"{n_triangles:,} triangles, {width:.1f} x {depth:.1f} m, {height:.1f} m high"
    if not scene.is_scan:
        area = sum(room.area for room in scene.rooms)
        return f"{scene.name}: {size}, {len(scene.rooms)} rooms of {area:.1f} m2"
    return f"{scene.name}: {size}, {_standing(scene.ground)}"


def _standing(ground):
    areas = np.bincount(ground.area) * ground.spacing_m**2
    listed = " + ".join(f"{area:.1f}" for area in areas[:4]) + (" + ..." if len(areas) > 4 else "")
    parts = f" in {len(areas)} areas ({listed})" if len(areas) > 1 else ""
    supports = f", {len(ground.supports)} points on tables" if len(ground.supports) else ""
    return f"{areas.sum():.1f} m2 to stand on{parts}{supports} (from the {ground.origin})"


def survey(scenes, out):
    """Go through scenes; draw each scan from above.

    Parameters
    ----------
    scenes : ProceduralScenes or ScannedScenes
    out : Path
        Folder for the pictures; for a single scene also a name ending in .png.

    Yields
    ------
    line : str
        About the scene, or what is wrong with it.
    path : Path or None
        The picture; built-in homes have none.
    problems : tuple of str
        Lines for the user.
    is_bad : bool
        Whether it cannot be used.
    """
    for index in range(len(scenes)):
        try:
            scene = scenes.load(index)
        except InputError as error:
            yield str(error), None, (), True
            continue
        path = _write_plan(scene, out, len(scenes)) if scene.is_scan else None
        yield describe(scene), path, scan_warnings(scenes, index), False


def _write_plan(scene, out, n_scenes):
    """Write the picture of a scan; return its path."""
    # Only here is something drawn.
    import cv2

    from simbinaural.scenes.floor_plan import draw_plan

    out = Path(out)
    single = n_scenes == 1 and out.suffix.lower() == ".png"
    path = out if single else out / f"{scene.name.replace('/', '-')}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    written, data = cv2.imencode(".png", draw_plan(scene)[:, :, ::-1])
    assert written
    path.write_bytes(data.tobytes())
    return path
