"""How a ray lands on a face of a mesh and leaves it as from a mirror."""

from simbinaural.acoustics.mesh_scene import CORNER, NORMAL, PLANE, SECOND, THIRD
from simbinaural.acoustics.planes import NOTHING, compiled, dot

CLEAR_M = 2e-4
"""Metres off a face at which rays go on: single precision must not put them behind it."""

_GRAZING = 1e-3


@compiled
def land(surfaces, face, u, v, direction, point, outward, normal):
    """Set a ray's point just off a face, and the normals there on the ray's side; the plane.

    `outward` is the face's own normal, `normal` that of its plane, where it has one.
    """
    row = surfaces.faces[face]
    towards = row[NORMAL] * direction[0]
    towards += row[NORMAL + 1] * direction[1] + row[NORMAL + 2] * direction[2]
    side = -1.0 if towards > 0 else 1.0
    for k in range(3):
        outward[k] = side * row[NORMAL + k]
        point[k] = row[CORNER + k] + u * row[SECOND + k] + v * row[THIRD + k]
        point[k] += CLEAR_M * outward[k]
    plane = int(row[PLANE])
    if plane == NOTHING:
        normal[:] = outward
        return plane
    sign = 1.0 if dot(surfaces.plane_normals[plane], outward) > 0 else -1.0
    for k in range(3):
        normal[k] = sign * surfaces.plane_normals[plane, k]
    return plane


@compiled
def reflect(direction, normal, outward):
    """Mirror a direction at a plane; at the face itself if that would lead behind it."""
    facing = dot(direction, normal)
    for k in range(3):
        direction[k] -= 2 * facing * normal[k]
    lift_off(direction, outward)


@compiled
def lift_off(direction, outward):
    """Turn a direction that leads behind a face to the front."""
    rising = dot(direction, outward)
    if rising < _GRAZING:
        for k in range(3):
            direction[k] += (2 * abs(rising) + _GRAZING) * outward[k]
        direction /= dot(direction, direction) ** 0.5
