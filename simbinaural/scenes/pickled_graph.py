"""A networkx graph out of a pickle, without running anything that the file asks for.

A pickle is a program: it names classes and functions, and calls them. Here a name either stands for
a class of this module, which does no more than keep what it is given, or for one of Python's plain
containers; every other name is refused before it is loaded. So networkx need not be installed, and
a file from the net can do nothing but fill memory, for which its size is limited.
"""

import io
import pickle
import pickletools
import re

import numpy as np

from simbinaural.errors import InputError, require

LARGEST_BYTES = 16 << 20
"""Graphs of the largest homes have less than one megabyte."""

_NUMBER = re.compile(r"[fiu][1248]|b1|\?")
_MEMO = ("PUT", "BINPUT", "LONG_BINPUT")


def read_pickled_graph(path):
    """Read nodes and edges of a graph that networkx 2 or 3 pickled.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    nodes : dict
        Attributes of each node.
    neighbors : dict
        Nodes that each node is joined to.

    Raises
    ------
    InputError
        If the file names anything but networkx's Graph, numpy's numbers and plain containers (the
        message tells what), if it is damaged or too large, or holds something else.
    """
    size = path.stat().st_size
    require(
        size <= LARGEST_BYTES, f"{path}: graph must have at most {LARGEST_BYTES} bytes, got {size}"
    )
    try:
        graph = _load(path.read_bytes())
    except _Refused as refused:
        raise InputError(
            f"{path}: graph must be made of networkx.Graph and numbers alone, got {refused}; "
            "take the file from the publishers of SoundSpaces"
        ) from None
    except Exception as error:
        # Whatever a damaged file makes of the unpickler: it has no common class of errors.
        raise InputError(
            f"{path}: graph must be a whole pickle, got {_one_line(error)}; fetch it again"
        ) from error
    nodes, neighbors = (getattr(graph, name, None) for name in ("_node", "_adj"))
    require(
        isinstance(graph, _Graph) and isinstance(nodes, dict) and isinstance(neighbors, dict),
        f"{path}: file must hold a networkx Graph, got {type(graph).__name__}",
    )
    return nodes, neighbors


def _load(data):
    for opcode, argument, _ in pickletools.genops(data):
        # The unpickler makes room for the number that is asked for.
        if opcode.name in _MEMO and argument > len(data):
            raise pickle.UnpicklingError(f"memo {argument}")
    return _Unpickler(io.BytesIO(data)).load()


class _Refused(Exception):  # noqa: N818 - not an error of ours: it never leaves the module
    """The name of something that is not admitted."""

    def __init__(self, name):
        super().__init__(repr(name)[1:-1][:120])


def _one_line(error):
    return f"{type(error).__name__} {error}".split("\n")[0][:120].strip()


class _Unpickler(pickle.Unpickler):
    """Finds the classes below, and makes new ones of them each time: a pickle can change those."""

    def __init__(self, file):
        super().__init__(file)
        self._admitted = dict(_CONTAINERS)
        for name, kind in _STAND_INS.items():
            self._admitted[name] = type(kind.__name__, (kind,), {})

    def find_class(self, module, name):
        module = _NEW_NAMES.get(module, module)
        full = f"{module}.{name}"
        if full not in self._admitted:
            raise _Refused(full)
        return self._admitted[full]


# --------------------------------------------------------------------------- stand-ins


class _Shell:
    """Keeps the state of something that nobody asks for."""


class _Graph(_Shell):
    """Keeps the state of networkx's Graph: its attributes `_node` and `_adj`."""


class _Reconstructor:
    """How protocols 0 and 1 make an object."""

    def __new__(cls, kind, _base, _state):
        if not issubclass(kind, _Shell):
            raise _Refused(kind.__name__)
        return kind()


class _Encode:
    """How protocols 0 to 2 make bytes."""

    def __new__(cls, text, coding):
        if coding not in ("latin1", "latin-1"):
            raise _Refused(f"_codecs.encode with {coding}")
        return text.encode("latin1")


class _Dtype:
    """The type of an array or a number: only plain numbers, no objects."""

    def __init__(self, code, _align=False, _copy=False):
        if not (isinstance(code, str) and _NUMBER.fullmatch(code)):
            raise _Refused(f"numpy.dtype({code})")
        self.plain = np.dtype(code)

    def __setstate__(self, state):
        self.plain = self.plain.newbyteorder(state[1])


class _Array:
    """An array of numbers."""

    def __setstate__(self, state):
        _, shape, dtype, by_columns, raw = state
        self.values = _numbers(raw, dtype).reshape(shape, order="F" if by_columns else "C")

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)


class _EmptyArray:
    """How numpy begins to make an array, which is then told what it holds."""

    def __new__(cls, kind, _shape, _code):
        if not issubclass(kind, _Array):
            raise _Refused(kind.__name__)
        return kind()


class _FilledArray:
    """How numpy makes an array in protocol 5."""

    def __new__(cls, raw, dtype, shape, order):
        array = _Array()
        array.__setstate__((1, shape, dtype, order == "F", raw))
        return array


class _Scalar:
    """How numpy makes a number."""

    def __new__(cls, dtype, raw):
        return _numbers(raw, dtype)[0].item()


def _numbers(raw, dtype):
    if not isinstance(raw, bytes | bytearray):
        raise _Refused(f"numpy.ndarray of {type(raw).__name__}")
    return np.frombuffer(raw, dtype.plain)


_NEW_NAMES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
}
"""Modules that have moved since such files were written."""

_CONTAINERS = {f"builtins.{kind.__name__}": kind for kind in (dict, frozenset, list, set, tuple)}

_STAND_INS = {
    "builtins.object": _Shell,
    "copyreg._reconstructor": _Reconstructor,
    "_codecs.encode": _Encode,
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _Array,
    "numpy._core.multiarray._reconstruct": _EmptyArray,
    "numpy._core.multiarray.scalar": _Scalar,
    "numpy._core.numeric._frombuffer": _FilledArray,
    "networkx.classes.graph.Graph": _Graph,
    # Views that a graph remembers once it was asked for them.
    "networkx.classes.reportviews.NodeView": _Shell,
    "networkx.classes.reportviews.EdgeView": _Shell,
    "networkx.classes.reportviews.DegreeView": _Shell,
    "networkx.classes.coreviews.AdjacencyView": _Shell,
}
