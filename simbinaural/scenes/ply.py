"""Polygon files (PLY): binary and ASCII, triangles and larger faces, with what the faces are."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simbinaural.errors import InputError, require
from simbinaural.kernels import njit

TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a PLY element, in groups of rows whose lists are equally long.

    Attributes
    ----------
    rows : list of numpy.ndarray of int
        Rows of each group, in the file's order.
    groups : list of dict of str to numpy.ndarray
        Columns of each group: (rows,), or (rows, length) where the property is a list.
    """

    rows: list
    groups: list


@dataclass(frozen=True, eq=False)
class Element:
    """What a header says of an element: properties are (name, type, type of the count or None)."""

    name: str
    count: int
    properties: list = field(default_factory=list)


def read_ply(path):
    """Read a PLY file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tables : dict of str to Table
        By name of the element: ``vertex``, ``face``, ...
    comments : list of str
        Of the header.

    Raises
    ------
    InputError
        If it is not PLY, or ends early.
    """
    data = np.frombuffer(Path(path).read_bytes(), np.uint8)
    start = data[: 1 << 20].tobytes()
    end = start.find(b"end_header")
    require(
        start.startswith(b"ply") and end > 0, f"{path}: file must begin with a PLY header, got none"
    )
    body = start.find(b"\n", end) + 1
    order, elements, comments = _header(path, start[:end].decode("latin-1").split("\n")[1:])
    read = _ascii_tables if order == "=" else _binary_tables
    try:
        return read(data[body:], order, elements), comments
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: PLY must hold all its header says, got {error}") from None


def _header(path, lines):
    """Byte order, elements and comments."""
    order, elements, comments = None, [], []
    try:
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            words = rest.split()
            if word == "format":
                order = ORDERS[words[0]]
            elif word == "comment":
                comments.append(rest)
            elif word == "element":
                elements.append(Element(words[0], int(words[1])))
            elif word == "property":
                elements[-1].properties.append(_property(words))
    except (KeyError, IndexError, ValueError):
        raise InputError(f"{path}: PLY header must be well-formed, got {line.strip()!r}") from None
    require(order, f"{path}: PLY header must name its format, got none")
    return order, elements, comments


def _property(words):
    if words[0] == "list":
        return words[3], TYPES[words[2]], TYPES[words[1]]
    return words[1], TYPES[words[0]], None


# --------------------------------------------------------------------------- binary


def _binary_tables(data, order, elements):
    tables, at = {}, 0
    for element in elements:
        tables[element.name], at = _binary_table(data, at, order, element)
    return tables


def _binary_table(data, at, order, element):
    """Table that begins at a byte, and where it ends."""
    lengths, sizes = _row_plan(element)
    if not lengths.any():
        ends = at + int(sizes.sum()) * element.count
        starts = at + np.arange(element.count) * int(sizes.sum())
        counts = np.zeros((element.count, 0), np.int64)
    else:
        starts, counts, ends = _walk_rows(
            data, at, element.count, lengths, sizes, bool(order == ">")
        )
    if ends > len(data) or ends < 0:
        raise ValueError(f"{len(data)} bytes where {element.name} needs more")
    rows, groups = [], []
    kinds, group_of = np.unique(counts, axis=0, return_inverse=True)
    for k, kind in enumerate(kinds):
        chosen = np.flatnonzero(group_of.reshape(-1) == k)
        rows.append(chosen)
        groups.append(_columns(data, starts[chosen], order, element, list(kind)))
    return Table(rows, groups), ends


def _row_plan(element):
    """Of each property: bytes of a list's count (0: no list) and bytes of a value."""
    lengths = [
        0 if count is None else np.dtype(count).itemsize for _, _, count in element.properties
    ]
    sizes = [np.dtype(kind).itemsize for _, kind, _ in element.properties]
    return np.array(lengths, np.int64), np.array(sizes, np.int64)


@njit(cache=True)
def _walk_rows(data, at, n_rows, lengths, sizes, big):
    """Where each row starts, how long its lists are, and where all ends (-1: too early)."""
    starts = np.zeros(n_rows, np.int64)
    counts = np.zeros((n_rows, np.count_nonzero(lengths)), np.int64)
    for row in range(n_rows):
        starts[row] = at
        which = 0
        for k in range(len(sizes)):
            if lengths[k] == 0:
                at += sizes[k]
                continue
            if at + lengths[k] > len(data):
                return starts, counts, -1
            count = 0
            for byte in range(lengths[k]):
                place = lengths[k] - 1 - byte if big else byte
                count |= np.int64(data[at + byte]) << np.int64(8 * place)
            counts[row, which] = count
            which += 1
            at += lengths[k] + count * sizes[k]
    return starts, counts, at


def _columns(data, starts, order, element, lengths):
    """Columns of rows that are laid out alike."""
    fields, lengths = [], iter(lengths)
    for name, kind, count in element.properties:
        if count is None:
            fields.append((name, order + kind))
        else:
            fields.append((f"{name}:n", order + count))
            fields.append((name, order + kind, (int(next(lengths)),)))
    row = np.dtype(fields)
    contiguous = len(starts) and starts[-1] - starts[0] == (len(starts) - 1) * row.itemsize
    if contiguous:
        block = data[starts[0] : starts[0] + len(starts) * row.itemsize]
    else:
        block = data[starts[:, None] + np.arange(row.itemsize)].reshape(-1)
    table = np.ascontiguousarray(block).view(row)
    return {name: table[name] for name, _, _ in element.properties}


# --------------------------------------------------------------------------- ASCII


def _ascii_tables(data, _, elements):
    words = data.tobytes().split()
    tables, at = {}, 0
    for element in elements:
        if any(count for _, _, count in element.properties):
            tables[element.name], at = _ascii_lists(words, at, element)
            continue
        width = len(element.properties)
        end = at + width * element.count
        if end > len(words):
            raise ValueError(f"{len(words) - at} numbers where {element.name} needs {end - at}")
        values = np.array(words[at:end], dtype=float).reshape(element.count, width)
        columns = _split_columns(values, element, ())
        tables[element.name] = Table([np.arange(element.count)], [columns])
        at = end
    return tables


def _ascii_lists(words, at, element):
    """Rows with lists, gathered by their lengths."""
    kinds = {}
    for row in range(element.count):
        values, lengths = [], []
        for _, _, count in element.properties:
            length = 1
            if count is not None:
                length, at = int(words[at]), at + 1
                lengths.append(length)
            values.extend(words[at : at + length])
            at += length
        rows, lines = kinds.setdefault(tuple(lengths), ([], []))
        rows.append(row)
        lines.append(values)
    groups = [
        _split_columns(np.array(lines, dtype=float), element, lengths)
        for lengths, (_, lines) in kinds.items()
    ]
    return Table([np.array(rows) for rows, _ in kinds.values()], groups), at


def _split_columns(values, element, lengths):
    """Columns of numbers (rows, all), each of the type that the header tells."""
    columns, at, lengths = {}, 0, iter(lengths)
    for name, kind, count in element.properties:
        if count is None:
            columns[name], at = values[:, at].astype(kind), at + 1
        else:
            length = next(lengths)
            columns[name], at = values[:, at : at + length].astype(kind), at + length
    return columns
