"""The command `ambi2binaural`: parse, call one function, print."""

import dataclasses
import sys
from pathlib import Path

import click

from ambi2binaural.options import CropOptions
from simbinaural.commands import CommandGroup, Progress, typed_command, warn, workers_option

DEFAULTS = {field.name: field.default for field in dataclasses.fields(CropOptions)}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simbinaural")
@click.pass_context
def main(context):
    """Turn 360-degree video with ambisonic sound into clips with binaural sound."""
    from simbinaural.jobs import libraries_on_one_thread

    context.with_resource(libraries_on_one_thread())


def _option(parameter, help_text, **extra):
    default = DEFAULTS[parameter]
    return click.option(
        "--" + parameter.replace("_", "-"),
        parameter,
        default=default,
        show_default=default is not None,
        help=help_text,
        **extra,
    )


def layout_options(command):
    """Add the options by which a user knows better than the file."""
    options = [
        _option("projection", "equirect, eac or cubemap.  [default: as the file says]"),
        _option("stereo", "mono, top-bottom or left-right.  [default: as the file says]"),
        click.option("--tilt", help="Yaw, pitch, roll of the projection: 0,0,0."),
        click.option(
            "--layout",
            type=click.Choice(["ambix", "n3d", "fuma"]),
            help="Channel order and normalization.  [default: as the file says, else AmbiX]",
        ),
        click.option(
            "--channels",
            type=int,
            help="How many are ambisonic, from the first: 4, 9, 16 …  [default: as the file says]",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def audio_option(command):
    """Add the option for sound in another file."""
    return click.option(
        "--audio", type=click.Path(path_type=Path), help="The sound, if it is another file."
    )(command)


def crop_options(command):
    """Add the options of `CropOptions` and those of the run."""
    options = [
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="Folder of the data set.  [default: the video's name]",
        ),
        _option("view", "crop: towards the loudest region; full: the whole panorama."),
        _option("width", "Width in pixels.  [default: 480, full 448]", type=int),
        _option("height", "Height in pixels.  [default: 240, full 224]", type=int),
        _option("fov_deg", "Horizontal field of view of a crop, from edge to edge."),
        _option("fps", "Frames per second."),
        _option("interpolation", "bilinear or lanczos."),
        _option("sample_rate", "Sample rate in Hz."),
        _option("order", "Highest ambisonic order to decode."),
        _option("decoder", "magls, tac (Zaunschirm et al. 2018) or ls."),
        _option("hrtf", "Another HRTF: a SOFA file.  [default: MIT KEMAR]"),
        _option("head_locked", "mix head-locked stereo in, or drop it."),
        click.option("--band-hz", help="Frequencies that count for the view, such as 200-8000."),
        _option("steady_db", "Change the view only for a region that is louder by so much."),
        _option("clip_s", "Length of a clip in seconds."),
        _option("shard_clips", "Clips in a file."),
        layout_options,
        click.option("--video", is_flag=True, help="Write each clip as MP4 too: videos/*.mp4."),
        workers_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@audio_option
@click.option(
    "--split-list",
    type=click.Path(path_type=Path),
    help="Video ids (file names without ending), a line each, with train, val or test behind: "
    "writes splits/video.json; others go to train.",
)
@crop_options
def crop(files, audio, split_list, out, **values):
    """Make a data set of FILES: clips that face the loudest direction; resumes and extends it.

    \b
    ambi2binaural crop *.mp4 --out yt
    """  # noqa: D301 - click reads the \b
    from ambi2binaural.batch import Source
    from ambi2binaural.yt_clean import read_list
    from simbinaural.errors import require

    require(audio is None or len(files) == 1, "audio must go with a single file")
    sources = [Source(str(path.resolve()), audio and str(audio.resolve())) for path in files]
    parts = read_list(split_list)[1] if split_list else None
    _crop(sources, out or Path(files[0].stem), parts, **values)


def _crop(sources, folder, parts, *, band_hz, tilt, layout, video, workers, **values):
    """Run the batch, then print what became of each file."""
    from ambi2binaural.batch import crop_files, split_by_video
    from simbinaural.errors import InputError
    from simbinaural.jobs import open_executor

    values["hrtf"] = values["hrtf"] and str(Path(values["hrtf"]).resolve())
    options = CropOptions(
        band_hz=_numbers("band_hz", band_hz, "-", 2),
        tilt=_numbers("tilt", tilt, ",", 3),
        **_layout(layout),
        **values,
    )
    with open_executor(workers) as executor, Progress("file") as progress:
        reports = crop_files(
            folder,
            sources,
            options,
            executor=executor,
            command=typed_command("ambi2binaural"),
            video=video,
            report=progress.begin,
        )
    failed = [report for report in reports if report.error]
    for report in reports:
        for note in report.notes:
            warn(f"{report.path}: {note}")
    for report in failed:
        click.echo(report.error, err=True)
    if len(failed) < len(reports) and parts is not None:
        try:
            click.echo(split_by_video(folder, parts))
        except InputError as error:  # too few videos: the clips are there all the same
            warn(f"{folder}: no split by video was made: {error}")
    seconds = sum(report.duration_s for report in reports)
    clips = sum(report.n_clips for report in reports)
    click.echo(
        f"{folder}: {clips} clips, {seconds:.0f} s, of {len(reports) - len(failed)} files"
        + (f"; {len(failed)} skipped" if failed else "")
    )
    if failed:
        sys.exit(1)


def _layout(layout):
    """Channel order and normalization that a short name stands for."""
    known = {
        "ambix": {"ordering": "acn", "normalization": "sn3d"},
        "n3d": {"ordering": "acn", "normalization": "n3d"},
        "fuma": {"ordering": "fuma", "normalization": "fuma"},
    }
    return known.get(layout, {})


def _numbers(name, text, separator, count):
    """Read numbers of an option; None where it is not given."""
    from simbinaural.errors import InputError

    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(separator))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise InputError(f"{name} must be {count} numbers with {separator} between, got {text}")
    return numbers


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@audio_option
@layout_options
def info(file, audio, **values):
    """Say what FILE holds, and how that is known."""
    from ambi2binaural.description import describe
    from ambi2binaural.info import render_info

    click.echo(render_info(describe(file, audio=audio, overrides=_overrides(**values))))


def _overrides(*, tilt, layout, **values):
    from ambi2binaural.layout import Overrides

    return Overrides(tilt=_numbers("tilt", tilt, ",", 3), **_layout(layout), **values)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The MP4 to write."
)
@audio_option
@layout_options
@_option("fps", "Frames per second.")
@_option("steady_db", "Change the view only for a region that is louder by so much.")
@click.option("--band-hz", help="Frequencies that count, such as 200-8000.")
def heatmap(file, output, audio, fps, steady_db, band_hz, tilt, layout, **values):
    """Show the sound's energy over the panorama, with the chosen view drawn in."""
    from ambi2binaural.heatmap import write_heatmap

    options = CropOptions(
        view="full",
        fps=fps,
        steady_db=steady_db,
        band_hz=_numbers("band_hz", band_hz, "-", 2),
        tilt=_numbers("tilt", tilt, ",", 3),
        width=960,
        height=480,
        **_layout(layout),
        **values,
    )
    for note in write_heatmap(file, output, options, audio=audio):
        warn(f"{file}: {note}")
    click.echo(output)


@main.group(name="import")
def import_():
    """Make data sets of published lists of videos."""


@import_.command(name="yt-clean")
@click.argument("video_list", metavar="LIST", type=click.Path(path_type=Path))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@crop_options
def yt_clean(video_list, folder, out, **values):
    """Make a data set of the videos of LIST (ids, a line each) that were downloaded to DIR."""
    from ambi2binaural.yt_clean import find_sources, read_list

    ids, parts = read_list(video_list)
    sources, missing = find_sources(ids, folder.resolve())
    if missing:
        warn(f"{folder}: {len(missing)} of {len(ids)} videos are missing: {' '.join(missing[:5])}")
    _crop(sources, out or Path(video_list.stem), parts, **values)
