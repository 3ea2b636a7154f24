"""The command `annotate`: parse, call one function, print."""

import math
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from annotate.exchange import FORMATS
from simbinaural.commands import CommandGroup, Progress, warn

MISSING = "annotate points needs flask and waitress; install them with pip install "
MISSING += "'simbinaural[annotate]'"

NAMED_CONFLICTS = 10

DIGITS = 9
"""After the point of what is printed; the rest is rounding."""


class AnnotateGroup(CommandGroup):
    """Says in one line what to install where Flask or waitress is missing."""

    def invoke(self, ctx):
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("flask", "waitress"):
                raise
            click.echo(f"{ctx.info_name}: {MISSING}", err=True)
            ctx.exit(1)


@click.group(cls=AnnotateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simbinaural")
def main():
    """Click where the sound comes from.

    PATH is a data set, a FAIR-Play folder or a folder of videos; answers are in its
    annotations.db.
    """


def _login():
    """Name of the user; whoever has none, as in some containers, is me."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


path_argument = click.argument("path", type=click.Path(path_type=Path))


def map_options(command):
    """Add the options of localization maps."""
    options = [
        click.option(
            "--sigma",
            type=float,
            help="Of the Gaussians, in pixels of a frame 320 wide; scaled with the width.  "
            "[default: as points showed them last, else 4]",
        ),
        click.option(
            "--mode",
            type=click.Choice(["sum", "max"]),
            help="Of several points: the sum of the Gaussians, or the highest.  "
            "[default: as points showed them last, else sum]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def _opened(path):
    """Open the clips of a path and its answers, to read them."""
    from annotate.store import NAME, open_store

    _require_folder(path)
    with open_store(path / NAME, create=False) as store, _clips(path) as clips:
        yield clips, store


@contextmanager
def _clips(path):
    """Open the clips of a path, with the frame that is noted with its answers, if there are any."""
    from annotate.clips import MIDDLE, open_clips
    from annotate.store import NAME, open_store

    _require_folder(path)
    frame = MIDDLE
    if (path / NAME).is_file():
        with open_store(path / NAME, create=False) as store:
            noted = store.meta("frame") or MIDDLE
        frame = int(noted) if noted.isdecimal() else noted
    with open_clips(path, frame=frame) as clips:
        yield clips


def _settled(path, sigma, mode):
    """Sigma and mode of maps: those of the options, or of the page."""
    from annotate.maps import settle_blur
    from annotate.store import NAME, open_store

    if not (path / NAME).is_file():
        return settle_blur(None, sigma, mode)
    with open_store(path / NAME, create=False) as store:
        return settle_blur(store, sigma, mode)


def _require_folder(path):
    from simbinaural.errors import require

    require(path.is_dir(), f"{path}: must be a folder: a data set, FAIR-Play, or one of videos")


# --------------------------------------------------------------------------- points


@main.command()
@path_argument
@click.option(
    "--annotator", default=_login, show_default="the login name", help="Whose answers these are."
)
@click.option(
    "--frame",
    help="The frame to annotate: middle, first, or a number from 0 on.  "
    "[default: as before, else middle]",
)
@click.option(
    "--double",
    type=float,
    help="Share of the clips that everybody annotates, blind: 0.1 is a tenth.  "
    "[default: as before, else 0]",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to serve; beyond this machine, the URL holds a token.",
)
@click.option(
    "--port", type=int, help="Port to serve.  [default: that of the last time, else a free one]"
)
@click.option("--no-browser", is_flag=True, help="Print the URL only.")
@map_options
def points(path, frame, no_browser, **values):
    """Serve the page to annotate the clips of PATH; Ctrl-C ends it.

    \b
    annotate points sim --annotator ann --double 0.1
    """  # noqa: D301 - click reads the \b
    from annotate.serve import serve_points

    serve_points(path, frame=_frame(frame), open_browser=not no_browser, **values)


def _frame(text):
    """Read the frame to annotate; None where it is not given."""
    from simbinaural.errors import require

    if text is None or text == "middle":
        return text
    require(
        text == "first" or (text.isascii() and text.isdecimal() and len(text) < 10),
        f"frame must be middle, first or a number from 0 on, got {text}",
    )
    return 0 if text == "first" else int(text)


# --------------------------------------------------------------------------- maps


@main.command()
@path_argument
@map_options
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    help="Whose answers count; may be given several times.  [default: all, their mean]",
)
@click.option(
    "--from-truth", is_flag=True, help="Maps of what a simulated data set knows of its sources."
)
@click.option(
    "--check",
    metavar="ANNOTATOR",
    help="Write nothing; measure an annotator against what a simulated data set knows.",
)
@click.option(
    "--name",
    help="Of the labels of a data set.  [default: points; with --from-truth, truth]",
)
def maps(path, annotators, from_truth, check, name, sigma, mode):
    """Write the localization maps of the answers of PATH.

    A data set gets labels/NAME.h5, a folder annotations/CLIP.npz and .png.

    \b
    annotate maps sim
    annotate maps sim --check ann
    """  # noqa: D301 - click reads the \b
    from simbinaural.errors import require

    require(not (from_truth and annotators), "--annotator must be left out with --from-truth")
    require(not (check and (from_truth or annotators or name)), "--check must stand alone")
    blur = _settled(path, sigma, mode)
    if check:
        _check(path, check, **blur)
        return
    if from_truth:
        written = _write_truth(path, name, **blur)
    else:
        written = _write_maps(path, name, annotators, **blur)
    empty = f"; {written.n_empty} of them empty: no points" if written.n_empty else ""
    click.echo(f"{written.path}: {written.n_maps} maps{empty}")


def _write_maps(path, name, annotators, **blur):
    from annotate.maps import write_maps

    with _opened(path) as (clips, store):
        written = write_maps(
            clips, store, annotators=annotators or None, name=name or "points", **blur
        )
    if written.strangers:
        warn(f"{path}: no maps of {_some(written.strangers)}: not here, or unreadable")
    if written.other_frame:
        left_out = [f"{clip} by {annotator}" for clip, annotator in written.other_frame]
        warn(f"{path}: left out, for another frame than others: {_some(left_out)}")
    return written


def _write_truth(path, name, **blur):
    from annotate.truth import TRUTH, write_truth

    # Nobody needs to have annotated; if somebody has, it is for the same frame.
    with _clips(path) as clips:
        written = write_truth(clips, name=name or TRUTH, **blur)
    if written.strangers:
        warn(f"{path}: the truth is not known of {_some(written.strangers)}")
    return written


def _check(path, annotator, **blur):
    """Print how well an annotator hits what a data set knows."""
    from annotate.truth import check_annotators
    from simbinaural.errors import require

    with _opened(path) as (clips, store):
        checks = {each.annotator: each for each in check_annotators(clips, store, **blur)}
    require(annotator in checks, f"--check must be one of {', '.join(checks)}, got {annotator}")
    found = checks[annotator]
    missed = _estimate(found.n_missed)
    click.echo(f"{annotator}: {_count(found.clips, 'clip')} against the truth")
    click.echo(f"right kind      {_share(found.right_kind)}, kappa {_number(found.kappa)}")
    click.echo(f"from the source {_estimate(found.distance_px)} px, {_share(found.distance)}")
    click.echo(f"on the source   {_share(found.on_source)}, sources missed {missed}")
    click.echo(f"maps            CC {_estimate(found.cc)}, SIM {_estimate(found.sim)}")


# --------------------------------------------------------------------------- agreement


@main.command()
@path_argument
@click.option("--clips", "each_clip", is_flag=True, help="Print a line for each clip, too.")
@click.option(
    "--penalty",
    default=0.1,
    show_default=True,
    help="Share of the width that a point without a partner costs.",
)
@map_options
def agreement(path, each_clip, penalty, sigma, mode):
    """Compare annotators on the clips that two of them answered.

    \b
    annotate agreement sim --clips
    """  # noqa: D301 - click reads the \b
    from annotate.agreement import measure_agreement
    from annotate.maps import settle_blur

    with _opened(path) as (clips, store):
        blur = settle_blur(store, sigma, mode)
        pairs = measure_agreement(clips.infos, store.answers(), penalty=penalty, **blur)
    for pair in pairs:
        click.echo(f"{pair.first}, {pair.second}: {_count(pair.clips, 'clip')}")
        click.echo(f"same kind {_share(pair.same_kind)}, kappa {_number(pair.kappa)}")
        click.echo(f"points    {_estimate(pair.distance_px)} px apart, {_share(pair.distance)}")
        click.echo(f"maps      CC {_estimate(pair.cc)}, SIM {_estimate(pair.sim)}")
        if pair.n_other_frame:
            warn(f"{pair.n_other_frame} clips left out: answered for different frames")
        for clip in pair.clips if each_clip else ():
            click.echo(_clip_line(clip))


def _clip_line(clip):
    line = f"  {clip.clip}: {' and '.join(dict.fromkeys(clip.kinds))}"
    if math.isnan(clip.distance_px):
        return line
    return (
        f"{line}, {clip.distance_px:.1f} px apart, {clip.n_unmatched} without partner, "
        f"CC {clip.cc:.3f}, SIM {clip.sim:.3f}"
    )


def _number(value):
    return "unknown" if math.isnan(value) else f"{round(value, DIGITS):.3g}"


def _estimate(found):
    error = round(found.standard_error, DIGITS)
    error = "" if math.isnan(error) else f" ± {error:.2g}"
    return f"{_number(found.mean)}{error}"


def _share(found):
    """Print a share, or a distance as share of the width, in percent."""
    if math.isnan(found.mean):
        return "unknown"
    percent = replace(found, mean=100 * found.mean, standard_error=100 * found.standard_error)
    return f"{_estimate(percent)} %"


def _count(things, name):
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _some(names):
    names = list(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# --------------------------------------------------------------------------- exchange


@main.command()
@path_argument
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    default="own",
    show_default=True,
    help="own keeps every revision; via and via-csv are of VGG Image Annotator 2.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write."
)
@click.option("--annotator", help="Whose answers.  [default: all]")
@click.option(
    "--images", is_flag=True, help="Write the frames, too, as JPEG: OUTPUT-images/ beside it."
)
@click.option(
    "--all", "everything", is_flag=True, help="Clips without an answer, too, to label them there."
)
def export(path, output, file_format, **values):
    """Write the answers of PATH as a file of another tool.

    \b
    annotate export sim --format coco --images -o sim.json
    """  # noqa: D301 - click reads the \b
    from annotate.exchange.export import LOSSES, export_answers

    with _opened(path) as (clips, store), Progress("frame") as progress:
        exported = export_answers(
            clips,
            store,
            output,
            file_format=file_format,
            report=lambda total: progress.begin(total, total),
            **values,
        )
    if exported.strange:
        warn(f"{path}: left out {_some(exported.strange)}: not here, or unreadable")
    if LOSSES[file_format]:
        click.echo(f"{file_format}: {LOSSES[file_format]}", err=True)
    click.echo(f"{output}: {exported.n_answers} answers, {exported.n_pictures} pictures")
    for beside in exported.paths[1:]:
        click.echo(beside)


@main.command("import")
@path_argument
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "file_format", type=click.Choice(FORMATS), help="[default: as the content tells]"
)
@click.option(
    "--annotator",
    default=_login,
    show_default="the login name",
    help="Whose answers those are that the file does not name.",
)
@click.option(
    "--replace",
    "replace_differing",
    is_flag=True,
    help="Save answers that differ from those here as new revisions.",
)
def import_(path, file, file_format, annotator, replace_differing):
    """Bring the answers of FILE into PATH.

    FILE was written by annotate export or another tool. An answer that differs from the same
    annotator's here is a conflict, and left out.

    \b
    annotate import sim labelled-in-cvat.xml --annotator ann
    """  # noqa: D301 - click reads the \b
    from annotate.exchange.merge import merge_answers, read_answers
    from annotate.store import NAME, open_store

    with _clips(path) as clips:
        answers = read_answers(file, clips.infos, annotator=annotator, file_format=file_format)
    with open_store(path / NAME) as store:
        merged = merge_answers(store, answers, replace_differing=replace_differing)
    for known, told in merged.conflicts[:NAMED_CONFLICTS]:
        click.echo(
            f"clip {told.clip}: {told.annotator} has {_answer(known)} here, {_answer(told)} there",
            err=True,
        )
    click.echo(
        f"{path}: {merged.n_added} answers added, {merged.n_same} here already, "
        f"{merged.n_replaced} replaced, {len(merged.conflicts)} in conflict"
    )
    if merged.conflicts:
        click.echo("conflicts were left as here; --replace takes those of the file", err=True)
        sys.exit(1)


def _answer(answer):
    """Say what an answer is, in a few words."""
    points = " ".join(f"({x:.1f}, {y:.1f})" for x, y in answer.points[:3])
    more = " ..." if len(answer.points) > 3 else ""
    note = " with a note" if answer.note else ""
    return f"{answer.kind}{' ' if points else ''}{points}{more}{note}"
