"""What all commands share: one line for bad input, help that shows defaults, progress bars."""

import os
import sys

import click

from simbinaural.errors import InputError


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


def show_progress(total, unit):
    """Make a progress bar on stderr that keeps quiet when that is no terminal.

    Parameters
    ----------
    total : int
        How many there are to do.
    unit : str
        What is counted.

    Returns
    -------
    tqdm.tqdm
        Has ``update(n)`` and ``close()``, and is a context manager.
    """
    from tqdm import tqdm

    return tqdm(total=total, unit=f" {unit}", disable=None, dynamic_ncols=True, smoothing=0.1)


def warn(message):
    """Print a warning in one line on stderr."""
    click.echo(f"warning: {' '.join(str(message).split())}", err=True)


def make_announcement(name, purpose):
    """Make a command that says in one line that it is to come.

    Parameters
    ----------
    name : str
        The command.
    purpose : str
        What it will do: the first line of its help.

    Returns
    -------
    click.Command
        Takes any arguments, and exits with code 1.
    """

    @click.command(name, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="...")
    @click.version_option(package_name="simbinaural")
    def announce(arguments):  # noqa: ARG001 - whatever is asked, it is to come
        click.echo(f"{name}: is to come; this version has simbinaural (see its --help)", err=True)
        sys.exit(1)

    announce.help = f"{purpose}\n\nNot in this version yet: it is to come."
    return announce
