"""Light on grids: between coarse and fine ones, smoothed, and filled in where furniture stands."""

import numpy as np

from simbinaural.kernels import njit
from simbinaural.vision.lightmap import interpolate


@njit(cache=True, error_model="numpy")
def coarsen(fine, coarse, light):
    """Average the light of fine grids over the cells of coarse ones: (coarse points, 3)."""
    out = np.zeros((coarse.offset[-1], 3), np.float32)
    count = np.zeros(coarse.offset[-1], np.float32)
    for quad in range(len(fine.columns)):
        columns, rows = fine.columns[quad], fine.rows[quad]
        for row in range(rows):
            down = _same_place(row, rows, coarse.rows[quad])
            for column in range(columns):
                right = _same_place(column, columns, coarse.columns[quad])
                cell = coarse.offset[quad] + down * coarse.columns[quad] + right
                point = fine.offset[quad] + row * columns + column
                count[cell] += 1
                for k in range(3):
                    out[cell, k] += light[point, k]
    for cell in range(len(out)):
        for k in range(3):
            out[cell, k] /= max(count[cell], np.float32(1))
    return out


@njit(cache=True, error_model="numpy")
def _same_place(index, count, other):
    """Index in a line of `other` points that is nearest to a point in a line of `count`."""
    place = 0.5 if count == 1 else index / (count - 1)
    return min(int(place * (other - 1) + 0.5), other - 1)


@njit(cache=True, error_model="numpy")
def refine(coarse, fine, light):
    """Interpolate the light of coarse grids at the points of fine ones: (fine points, 3)."""
    out = np.empty((fine.offset[-1], 3), np.float32)
    for quad in range(len(fine.columns)):
        columns, rows = fine.columns[quad], fine.rows[quad]
        size = coarse.columns[quad], coarse.rows[quad]
        for row in range(rows):
            t = 0.5 if rows == 1 else row / (rows - 1)
            for column in range(columns):
                s = 0.5 if columns == 1 else column / (columns - 1)
                value = interpolate(light, coarse.offset[quad], size, s, t)
                point = fine.offset[quad] + row * columns + column
                out[point, 0], out[point, 1], out[point, 2] = value
    return out


@njit(cache=True, error_model="numpy")
def smooth(layout, light):
    """Smooth each grid by (1, 2, 1) / 4 both ways, twice.

    Notes
    -----
    Once already averages the four patterns of rays that neighbouring points cast.
    """
    for quad in range(len(layout.columns)):
        columns, rows, offset = layout.columns[quad], layout.rows[quad], layout.offset[quad]
        for _ in range(2):
            for row in range(rows):
                _smooth_line(light, offset + row * columns, 1, columns)
            for column in range(columns):
                _smooth_line(light, offset + column, columns, rows)


@njit(cache=True, error_model="numpy")
def _smooth_line(light, first, step, count):
    """Smooth `count` points in place."""
    for k in range(3):
        before = light[first, k]
        for index in range(count):
            here = first + index * step
            value = light[here, k]
            after = light[here + step, k] if index < count - 1 else value
            light[here, k] = 0.25 * before + 0.5 * value + 0.25 * after
            before = value


@njit(cache=True, error_model="numpy")
def fill_covered(layout, light, covered):
    """Give covered points of grids the light of their uncovered neighbours, ring by ring."""
    missing = covered.copy()
    for quad in range(len(layout.columns)):
        columns, rows, offset = layout.columns[quad], layout.rows[quad], layout.offset[quad]
        left = np.count_nonzero(missing[offset : offset + columns * rows])
        while 0 < left < columns * rows:
            ring = missing[offset : offset + columns * rows].copy()
            for index in range(columns * rows):
                if ring[index] and _average_around(light, ring, offset, index, columns, rows):
                    missing[offset + index] = False
                    left -= 1


@njit(cache=True, error_model="numpy")
def _average_around(light, missing, offset, index, columns, rows):
    """Set a point to the mean of its known neighbours; False if there are none."""
    row, column = index // columns, index % columns
    red = green = blue = 0.0
    known = 0
    for y in range(max(row - 1, 0), min(row + 2, rows)):
        for x in range(max(column - 1, 0), min(column + 2, columns)):
            near = y * columns + x
            if not missing[near]:
                red += light[offset + near, 0]
                green += light[offset + near, 1]
                blue += light[offset + near, 2]
                known += 1
    if known == 0:
        return False
    light[offset + index, 0] = red / known
    light[offset + index, 1] = green / known
    light[offset + index, 2] = blue / known
    return True


@njit(cache=True, error_model="numpy")
def shrink_cells(layout, covered, spread_u, spread_v):
    """Let points beside covered ones stand for themselves: their cells reach into the solid."""
    for quad in range(len(layout.columns)):
        columns, rows, offset = layout.columns[quad], layout.rows[quad], layout.offset[quad]
        for row in range(rows):
            for column in range(columns):
                if covered[offset + row * columns + column]:
                    for y in range(max(row - 1, 0), min(row + 2, rows)):
                        for x in range(max(column - 1, 0), min(column + 2, columns)):
                            spread_u[offset + y * columns + x] = 0
                            spread_v[offset + y * columns + x] = 0
