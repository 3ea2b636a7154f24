"""Fields of files that other tools wrote: of the right type, or one line that says which is not."""

import json
import math

from annotate.answers import shown
from simbinaural.errors import InputError, require

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
}
_REQUIRED = object()


def parse_json(text):
    """Read JSON; NaN and the infinities are none.

    Raises
    ------
    InputError
        If it is no JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise InputError("must be JSON of this format, got lists in lists in lists") from None
    except ValueError as error:  # also a whole number of thousands of digits
        raise InputError(f"must be JSON, got a fault: {error}; export it again") from None


def _refuse(name):
    raise InputError(f"must be JSON, which has no {name}")


def write_json(content, *, indent=1):
    """Write JSON as these files do: in any language, and readable unless `indent` is None."""
    separators = (",", ":") if indent is None else None
    return json.dumps(
        content, indent=indent, ensure_ascii=False, allow_nan=False, separators=separators
    )


def of_kind(value, kind, where):
    """Return `value` if it is of a type, one of dict, list, str, int and float (also whole).

    Raises
    ------
    InputError
        If it is of another type, or an infinite number; `where` says what it is.
    """
    kinds = (int, float) if kind is float else kind
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    require(fits, f"{where} must be {_NAMES[kind]}, got {shown(value)}")
    return _finite(value, where) if kind is float else value


def _finite(value, where):
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    require(math.isfinite(number), f"{where} must be a finite number, got {shown(value)}")
    return number


def field(holder, name, kind, where, default=_REQUIRED):
    """Return a field of an object, checked as by `of_kind`.

    Parameters
    ----------
    holder : dict
    name : str
    kind : type
    where : str
        What `holder` is.
    default : optional
        Instead of a field that is missing or null.
    """
    value = holder.get(name)
    if value is None and default is not _REQUIRED:
        return default
    require(name in holder, f"{where} must have a field {name!r}")
    return of_kind(value, kind, f"{where}: {name}")


def objects(value, where):
    """Return (where it is, object) of each element of a list of objects."""
    for number, each in enumerate(of_kind(value, list, where)):
        place = f"{where} {number}"
        yield place, of_kind(each, dict, place)


def read_number(text, where):
    """Read a number that a file holds as text."""
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{where} must be a number, got {shown(text)}") from None
    return _finite(number, where)
