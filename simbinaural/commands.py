"""What all commands share: one line for bad input, help that shows defaults, progress bars."""

import atexit
import gc
import os
import sys

import click

from simbinaural.errors import InputError

# On its way out Python looks for cycles among all that was ever loaded: a tenth of a second after
# the last word of a command, for memory that is given back anyway.
atexit.register(gc.freeze)

_USUAL_SIZE = {"ncols": 80, "nrows": 24}


class CommandGroup(click.Group):
    """A group of commands whose bad input ends in one line on stderr and exit code 1."""

    def invoke(self, ctx):
        """Run the command; turn `InputError` and `OSError` into one line."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of a pipe has gone (`… | head`): end quietly, as Unix tools do.
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - lives until the exit
            ctx.exit(1)
        except (InputError, OSError) as error:
            click.echo(f"{ctx.info_name}: {_one_line(error)}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo(f"{ctx.info_name}: interrupted", err=True)
            ctx.exit(130)


def _one_line(error):
    """Say an error in one line, the path first."""
    if isinstance(error, OSError) and error.errno:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{os.strerror(error.errno)}"
    return " ".join(str(error).split())


workers_option = click.option(
    "--workers", default=1, show_default=True, help="Processes that work side by side."
)


def typed_command(name):
    """Return what the user typed, for the record."""
    return " ".join([name, *sys.argv[1:]])


class Progress:
    """A progress bar on stderr that is made when the number of things is known.

    It keeps quiet where stderr is no terminal.

    Parameters
    ----------
    unit : str
        What is counted.
    """

    def __init__(self, unit):
        self._unit = unit
        self._bar = None

    def begin(self, total, missing):
        """Show the bar, of which all but the missing ones are done; return what moves it."""
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            initial=total - missing,
            unit=f" {self._unit}",
            disable=None,
            smoothing=0.1,
            **_bar_size(),
        )
        return self._bar.update

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()


def _bar_size():
    """Return tqdm's options for a bar as wide as the terminal."""
    try:
        told = all(os.get_terminal_size(sys.stderr.fileno()))
    except OSError:
        told = False
    # Where a terminal does not tell its size, as in some containers, tqdm would show nothing.
    return {"dynamic_ncols": True} if told else _USUAL_SIZE


def warn(message):
    """Print a warning in one line on stderr."""
    click.echo(f"warning: {' '.join(str(message).split())}", err=True)
