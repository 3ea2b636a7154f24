"""The one error that a user can mend, and the checks that raise it."""


class InputError(ValueError):
    """Bad input: one line that names the thing, the rule and the remedy.

    Messages read ``{name} must {rule}, got {value}``; for files the path comes first.
    Commands print the message and exit with code 1; anything else is a bug and keeps its traceback.
    """


def require(condition, message):
    """Raise `InputError` with `message` unless `condition` holds."""
    if not condition:
        raise InputError(message)


def require_shape(name, array, shape):
    """Raise `InputError` unless `array` has `shape`, in which ``None`` stands for any length."""
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise InputError(f"{name} must have shape ({wanted}), got {array.shape}")
