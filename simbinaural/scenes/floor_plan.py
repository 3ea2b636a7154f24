"""A scan from above: its mesh up to eye height, and where a camera and things can stand."""

import cv2
import numpy as np

from simbinaural.casting import RayCaster

EYES_M = 1.6
"""Height above the lowest floor of a storey at which the mesh is cut."""

STOREY_M = 1.8
"""Floors that are closer in height are drawn together."""

LEVEL_M, FLOOR_M2 = 0.1, 1.0
"""So much at about one height is the floor of a storey, not a stair."""

SIDE_PX = 900
"""Longer side of a storey's plan."""

FINEST_M = 0.01
"""Of a pixel."""

MARGIN_PX = 40

AROUND_M = 1.5
"""What is drawn around the standing points."""

PAPER, INK = (255, 255, 255), (40, 40, 40)

AREA_COLORS = ((46, 125, 214), (226, 120, 34), (60, 160, 80), (160, 80, 190), (200, 60, 80))
"""Of standing points, RGB; more areas begin again."""

SUPPORT_COLOR = (240, 190, 20)

BAR_M = (0.5, 1, 2, 5, 10, 20, 50)


def draw_plan(scene, caster=None):
    """Draw a scan from above, a plan for each storey beside the other.

    Parameters
    ----------
    scene : Scene
        A scan.
    caster : RayCaster, optional
        Its mesh's rays, where they are there already.

    Returns
    -------
    (height, width, 3) numpy.ndarray of uint8
        RGB.
    """
    caster = caster or RayCaster(scene.mesh.vertices, scene.mesh.faces)
    view = _View(scene)
    plans = [_plan(scene, caster, view, *storey) for storey in storeys(scene.ground)]
    return np.concatenate(plans, axis=1)


def storeys(ground):
    """Tell the storeys of a ground apart.

    Returns
    -------
    list of (float, float, float)
        From below: height of the floor, and of the lowest and the highest standing point. Stairs
        belong to the storey that they begin in.
    """
    heights = np.sort(ground.points[:, 1])
    level = np.searchsorted(heights, heights + LEVEL_M) - np.searchsorted(
        heights, heights - LEVEL_M
    )
    wide = heights[level * ground.spacing_m**2 >= FLOOR_M2]
    floors = []
    for height in wide if len(wide) else heights:
        if not floors or height - floors[-1] >= STOREY_M:
            floors.append(float(height))
    starts = np.searchsorted(heights, np.array(floors[1:]) - LEVEL_M)
    parts = np.split(heights, starts)
    return [
        (floor, float(part[0]), float(part[-1]))
        for floor, part in zip(floors, parts, strict=True)
        if len(part)
    ]


class _View:
    """World x, z to pixels: x to the right, z down, as seen from above with -z ahead."""

    def __init__(self, scene):
        # Of a wide lawn, what lies around the standing points is enough.
        points, vertices = scene.ground.points, scene.mesh.vertices
        lower = np.maximum(points.min(axis=0) - AROUND_M, vertices.min(axis=0))[[0, 2]]
        upper = np.minimum(points.max(axis=0) + AROUND_M, vertices.max(axis=0))[[0, 2]]
        self.pixel_m = max(float(np.max(upper - lower)) / SIDE_PX, FINEST_M)
        self.lower = lower.astype(float)
        self.size = np.maximum(np.ceil((upper - lower) / self.pixel_m), 1).astype(int)

    def pixels(self, points):
        """Column and row (n, 2) of points (n, 3)."""
        return np.rint((points[:, [0, 2]] - self.lower) / self.pixel_m + MARGIN_PX).astype(int)

    def lines(self, height):
        """Where plumb lines start (n, 3) at a height, row by row."""
        column, row = np.meshgrid(*(np.arange(n) + 0.5 for n in self.size))
        places = self.lower + np.stack([column.ravel(), row.ravel()], axis=1) * self.pixel_m
        return np.insert(places, 1, height, axis=1).astype(np.float32)


def _plan(scene, caster, view, floor, low, high):
    cut = floor + EYES_M
    width, height = view.size
    canvas = np.full((height + 3 * MARGIN_PX, width + 2 * MARGIN_PX, 3), PAPER, np.uint8)
    inner = canvas[MARGIN_PX : MARGIN_PX + height, MARGIN_PX : MARGIN_PX + width]
    inner[:] = _shaded(scene.mesh, caster, view, floor, cut)
    ground = scene.ground
    here = (ground.points[:, 1] >= low) & (ground.points[:, 1] <= high)
    radius = max(1, int(0.25 * ground.spacing_m / view.pixel_m))
    colors = [AREA_COLORS[area % len(AREA_COLORS)] for area in ground.area[here]]
    _dots(canvas, view.pixels(ground.points[here]), colors, radius)
    on = (ground.supports[:, 1] > floor) & (ground.supports[:, 1] < cut)
    _dots(canvas, view.pixels(ground.supports[on]), [SUPPORT_COLOR] * on.sum(), radius)
    _label(canvas, view, f"{scene.name}, floor at {floor + 0.0001:.1f} m")
    return canvas


def _shaded(mesh, caster, view, floor, cut):
    """Picture (height, width, 3): what lies below the cut, lighter the higher, walls dark."""
    starts = view.lines(cut)
    down = np.broadcast_to(np.array((0, -1, 0), np.float32), starts.shape)
    hits = caster.first_hits(starts, np.ascontiguousarray(down))
    depth = np.where(hits.face >= 0, hits.distance, np.inf).reshape(view.size[::-1])
    rise = np.clip((cut - floor - depth) / EYES_M, 0, 1)
    shade = np.where(np.isfinite(depth) & (depth < cut - floor + 0.6), 235 - 105 * rise, 255)
    picture = np.repeat(shade[..., None], 3, axis=2).astype(np.uint8)
    section = _section(mesh, cut)
    ends = view.pixels(section.reshape(-1, 3)).reshape(-1, 2, 2) - MARGIN_PX
    for start, end in ends.tolist():
        cv2.line(picture, start, end, INK, 2, cv2.LINE_AA)
    return picture


def _section(mesh, cut):
    """Segments (n, 2, 3) where the mesh crosses a height."""
    corners = mesh.vertices[mesh.faces].astype(float)
    above = corners[:, :, 1] > cut
    crossed = corners[above.any(axis=1) & ~above.all(axis=1)]
    if not len(crossed):
        return np.zeros((0, 2, 3))
    # The corner that is alone on its side comes first.
    above = crossed[:, :, 1] > cut
    alone = np.argmax(above == (above.sum(axis=1) == 1)[:, None], axis=1)
    order = (alone[:, None] + np.arange(3)) % 3
    first, *others = np.moveaxis(np.take_along_axis(crossed, order[:, :, None], axis=1), 1, 0)
    ends = []
    for other in others:
        share = (cut - first[:, 1]) / (other[:, 1] - first[:, 1])
        ends.append(first + share[:, None] * (other - first))
    return np.stack(ends, axis=1)


def _dots(canvas, pixels, colors, radius):
    for center, color in zip(pixels.tolist(), colors, strict=True):
        cv2.circle(canvas, center, radius, color, -1, cv2.LINE_AA)


def _label(canvas, view, text):
    """Write the title, and a bar of a round length below the plan."""
    font, bottom = cv2.FONT_HERSHEY_SIMPLEX, canvas.shape[0] - MARGIN_PX
    cv2.putText(canvas, text, (MARGIN_PX, MARGIN_PX - 14), font, 0.5, INK, 1, cv2.LINE_AA)
    wanted = view.size[0] * view.pixel_m / 4
    length = min(BAR_M, key=lambda each: abs(each - wanted))
    end = MARGIN_PX + int(round(length / view.pixel_m))
    cv2.line(canvas, (MARGIN_PX, bottom), (end, bottom), INK, 3)
    cv2.putText(canvas, f"{length:g} m", (end + 8, bottom + 5), font, 0.5, INK, 1, cv2.LINE_AA)
