"""The command `simbinaural`: parse, call one function, print."""

import dataclasses
import sys
import time
from pathlib import Path

import click

from simbinaural.commands import CommandGroup, Progress, typed_command, warn, workers_option
from simbinaural.dataset.options import (
    ACOUSTICS,
    DIRECTIVITIES,
    UP,
    VISION,
    RenderOptions,
    absolute,
    option_name,
)

RENDERING = (
    "simbinaural.dataset.render",
    "simbinaural.acoustics.rooms",
    "simbinaural.scenes.procedural.home",
    "simbinaural.sources.drums",
    "simbinaural.sources.guitars",
    "simbinaural.sources.phones",
)
"""Modules that workers load before they start."""

DEFAULTS = {field.name: field.default for field in dataclasses.fields(RenderOptions)}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simbinaural")
def main():
    """Film sounding objects in simulated homes, with binaural sound and the truth about it."""


def _option(parameter, help_text, **extra):
    """Declare the option of one of `RenderOptions`' attributes, with its default."""
    return click.option(
        option_name(parameter),
        parameter,
        default=DEFAULTS[parameter],
        show_default=DEFAULTS[parameter] is not None,
        help=help_text,
        **extra,
    )


dataset_argument = click.argument("dataset", type=click.Path(path_type=Path))


@main.command()
@_option(
    "scenes",
    "Homes to film in: procedural[:N], N built-in homes; mp3d, replica, gibson, hm3d; or meshes, "
    "such as 'scans/*.glb'.",
)
@_option("scene_root", "Folder of the data sets of scanned homes.")
@_option(
    "up",
    "Axis that points up in files of scans.  [default: as the data set has it; files: y]",
    type=click.Choice(UP),
)
@_option("unit_scale", "Metres in a unit of these files, such as 0.001.", type=float)
@_option(
    "vision",
    "What films: embree is built in, habitat is habitat-sim.  auto: habitat for scans where it is "
    "installed with a GPU.",
    type=click.Choice(VISION),
)
@_option(
    "acoustics",
    "What makes the responses.  auto: rooms for built-in homes; for scans soundspaces where its "
    "files are, else mesh.",
    type=click.Choice(ACOUSTICS),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the data set.  [default: named after the scenes]",
)
@_option("videos", "Number of clips; more than before extends the data set.")
@_option(
    "duration_s", "Length of each clip in seconds.  [default: drawn, 19.2 on average]", type=float
)
@click.option("--classes", help="Classes to use, with commas, such as guitar,drum.  [default: all]")
@_option("objects", "Your own objects: a folder per class with glb, gltf, obj or ply files.")
@_option("sounds", "Your own dry sounds: a folder per class with wav, flac, ogg or mp3 files.")
@_option("hrtf", "Another HRTF: a SOFA file (SimpleFreeFieldHRIR).  [default: MIT KEMAR]")
@_option("materials", "Your own acoustic materials: a JSON file of coefficients by name.")
@_option(
    "max_distance_m",
    "Metres from the source to the camera at most.  [default: as the room allows]",
    type=float,
)
@_option(
    "directivity",
    "forward: sources radiate more to their front the higher the frequency; omni: the same "
    "everywhere.",
    type=click.Choice(DIRECTIVITIES),
)
@_option(
    "projection",
    "What is filmed: a normal view, or from the same place the whole sphere.",
    type=click.Choice(["perspective", "equirect"]),
)
@click.option(
    "--audio",
    default="binaural",
    show_default=True,
    help="What is recorded: binaural, or binaural,foa: also first-order ambisonics (AmbiX).",
)
@_option("fps", "Frames per second.")
@_option("width", "Width of the frames in pixels.  [default: 480; equirect 1920]", type=int)
@_option("height", "Height of the frames in pixels.  [default: 240; equirect 960]", type=int)
@_option(
    "fov_deg",
    "Horizontal field of view, from edge to edge.  [default: 90; equirect 360]",
    type=float,
)
@_option("sample_rate", "Sample rate in Hz.")
@_option("rir_rate", "BRIRs per second along the drift; 0: one for each position of 5 s.")
@_option("seed", "All chance comes from it.")
@_option("shard_clips", "Clips in a file.")
@workers_option
@click.option("--scheduler", help="Address of a Dask scheduler to use instead of own processes.")
def render(out, workers, scheduler, classes, audio, **values):
    """Render a data set of binaural video clips; the same command resumes or extends it.

    \b
    simbinaural render --scenes procedural:80 --videos 1000 --workers 2 --out sim
    """  # noqa: D301 - click reads the \b
    from simbinaural.jobs import open_executor
    from simbinaural.scenes.sources import parse_scenes

    scenes = parse_scenes(
        values["scenes"],
        scene_root=values["scene_root"],
        up=values["up"],
        unit_scale=values["unit_scale"],
    )
    if not any(scan.root for scan in getattr(scenes, "scans", ())):
        values["scene_root"] = DEFAULTS["scene_root"]  # nothing is read from there
    else:
        values["scene_root"] = absolute(values["scene_root"])
    for name in ("objects", "sounds", "hrtf", "materials"):
        values[name] = absolute(values[name])
    values["scenes"] = scenes.name
    values["classes"], values["audio"] = _words(classes), _words(audio)
    options = RenderOptions(**values)
    folder = out or Path(scenes.folder_name)
    begun = time.monotonic()
    executors = open_executor(workers, scheduler, preload=RENDERING)
    with executors as executor, Progress("clip") as progress:
        # Here, so that the workers load the same at the same time.
        from simbinaural.dataset.render import render_dataset

        outcome = render_dataset(
            folder,
            options,
            executor=executor,
            command=typed_command("simbinaural"),
            report=progress.begin,
            warn=warn,
            tell=lambda line: click.echo(line, err=True),
        )
    took = time.monotonic() - begun
    made = f"{outcome.n_rendered} rendered in {took:.0f} s" if outcome.n_rendered else "all there"
    click.echo(f"{folder}: {outcome.n_clips} clips, {made}")


def _words(text):
    return tuple(word.strip() for word in text.split(",")) if text else ()


@main.command()
@dataset_argument
@click.option(
    "--by",
    type=click.Choice(["scene", "position", "random"]),
    default="scene",
    show_default=True,
    help="What two parts never share: a home, a triple of room, source and receiver cell, nothing.",
)
@click.option(
    "--fractions",
    default="0.8,0.1,0.1",
    show_default=True,
    help="Shares of train, val and test.",
)
@click.option("--seed", default=0, show_default=True, help="Source of chance.")
@click.option(
    "--cell-m", default=1.0, show_default=True, help="Edge of a cell in metres (by position)."
)
@click.option("--name", help="Name of the split.  [default: the value of --by]")
def split(dataset, by, fractions, seed, cell_m, name):
    """Divide a data set into train, val and test parts: splits/NAME.json."""
    from simbinaural.shards import PARTS, open_dataset, write_split
    from simbinaural.splits import split_clips

    with open_dataset(dataset) as clips:
        parts = split_clips(
            clips, by=by, fractions=_numbers("fractions", fractions), seed=seed, cell_m=cell_m
        )
    path = write_split(dataset, name or by, parts)
    click.echo(f"{path}: " + ", ".join(f"{part} {len(parts[part])}" for part in PARTS))


def _numbers(name, text):
    from simbinaural.errors import InputError

    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise InputError(f"{name} must be numbers with commas between, got {text}") from None


@main.command()
@dataset_argument
@click.option("--clips", default=24, show_default=True, help="How many clips, evenly spread.")
def preview(dataset, clips):
    """Write one page that shows a data set and opens from disk: index.html."""
    from simbinaural.dataset.preview import write_preview

    with Progress("clip") as progress:
        page = write_preview(
            dataset, clips=clips, progress=lambda total: progress.begin(total, total)
        )
    click.echo(page.resolve())


@main.command()
@dataset_argument
@click.argument("clip", required=False)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="The file, or without CLIP the folder.  [default: CLIP.mp4]",
)
@click.option(
    "--spherical",
    is_flag=True,
    help="Ambisonic sound instead of binaural, and what tells players of 360-degree video so.",
)
@click.option(
    "--codec",
    type=click.Choice(["aac", "flac", "pcm"]),
    default="aac",
    show_default=True,
    help="Of ambisonic sound; flac (16 bits) and pcm (24 bits) lose nothing else.",
)
@click.option(
    "--layout",
    type=click.Choice(["plain", "fair-play"]),
    help="Without CLIP: plain has everything (WAV, MP4, JPEG, JSON, npz); fair-play is laid out as "
    "that data set, with sound, video, frames and splits.  [default: plain]",
)
@workers_option
def export(dataset, clip, out, spherical, codec, layout, workers):
    """Write CLIP as an MP4 file; without CLIP, the whole data set as plain files.

    The same command goes on where it was interrupted, and adds clips that are new.

    \b
    simbinaural export --spherical sim 3 -o clip.mp4
    simbinaural export sim -o files --workers 2
    """  # noqa: D301 - click reads the \b
    from simbinaural.errors import require

    if clip is None:
        require(out, "--out must name a folder for a whole data set, got none; pass -o DIR")
        require(not spherical, "--spherical must go with a clip, got none; name one: DATASET CLIP")
        _export_dataset(dataset, out, layout or "plain", workers)
        return
    require(
        not layout, f"--layout must go with a whole data set, got clip {clip}; leave out either"
    )
    from simbinaural.dataset.export import export_clip

    click.echo(export_clip(dataset, clip, out, spherical=spherical, codec=codec))


def _export_dataset(dataset, out, layout, workers):
    from simbinaural.dataset.export_folder import export_dataset
    from simbinaural.jobs import open_executor

    with open_executor(workers) as executor, Progress("clip") as progress:
        found = export_dataset(
            dataset, out, layout=layout, executor=executor, report=progress.begin
        )
    click.echo(f"{out}: {found.n_clips} clips, {found.n_new} of them written now")


@main.group(name="import")
def import_():
    """Make data sets of what others recorded."""


@import_.command(name="fair-play")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    default="fair-play",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the data set.",
)
@click.option("--sample-rate", default=16000, show_default=True, help="Sample rate in Hz.")
@click.option("--shard-clips", default=8, show_default=True, help="Clips in a file.")
@click.option(
    "--splits",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of more split files, such as the non-overlapping ones; may be given repeatedly.",
)
@workers_option
def fair_play(folder, out, sample_rate, shard_clips, splits, workers):
    """Make a data set of FAIR-Play in DIR; the same command resumes or extends it.

    DIR holds binaural_audios/000001.wav, and videos/000001.mp4 or frames/000001.mp4/000001.png
    (10 a second) or both. Its random splits (splits/split1/train.h5) become random1 to random10,
    the non-overlapping ones (split1_train.txt) nonoverlap1 to nonoverlap5. A clip that cannot be
    read is named and skipped, and tried again by the next run; the exit code is 1 then.
    """
    from simbinaural.dataset.import_fair_play import ImportOptions, import_fair_play
    from simbinaural.jobs import open_executor

    options = ImportOptions(sample_rate=sample_rate, shard_clips=shard_clips)
    with open_executor(workers) as executor, Progress("clip") as progress:
        found = import_fair_play(
            folder,
            out,
            options,
            executor=executor,
            command=typed_command("simbinaural"),
            split_folders=splits,
            report=progress.begin,
        )
    _tell_import(folder, out, found)


def _tell_import(folder, out, found):
    """Print what became of clips and splits; exit with code 1 if one was skipped."""
    for problem in found.problems:
        click.echo(" ".join(problem.split()), err=True)
    if not found.splits:
        warn(f"{folder}: has no split files that can be read; pass --splits DIR")
    if found.unknown:
        some = ", ".join(found.unknown[:5])
        warn(f"{out}: splits name {len(found.unknown)} clips that are not there: {some}")
    clips = f"{found.n_clips} clips, {found.n_new} of them new"
    skipped = f"; {len(found.problems)} skipped" if found.problems else ""
    click.echo(f"{out}: {clips}, {len(found.splits)} splits{skipped}")
    if found.problems:
        sys.exit(1)


@main.command()
@dataset_argument
@workers_option
def verify(dataset, workers):
    """Check every promise of the data contract; recompute the sound of simulated clips.

    Prints a line for each fault and exits with code 1 if there is one.
    """
    from simbinaural.dataset.verify import verify_dataset
    from simbinaural.jobs import open_executor

    with open_executor(workers) as executor, Progress("clip") as progress:
        report = verify_dataset(dataset, executor=executor, report=progress.begin)
    for fault in report.faults:
        click.echo(fault)
    click.echo(f"{dataset}: {report.n_clips} clips, {len(report.faults)} faults")
    if report.faults:
        sys.exit(1)


@main.command()
@click.argument("scenes", metavar="PATH_OR_NAME")
@click.option(
    "--scene-root",
    default="data",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the data sets of scanned homes.",
)
@click.option(
    "--up",
    type=click.Choice(["y", "z"]),
    help="Axis that points up in files of scans.  [default: as the data set has it; files: y]",
)
@click.option("--unit-scale", default=1.0, show_default=True, help="Metres in a unit of the files.")
@click.option(
    "--out",
    "-o",
    default="scenes",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the pictures; for a single scene also a name such as home.png.",
)
def scenes(scenes, scene_root, up, unit_scale, out):
    """List scenes, and draw each scan from above with where one can stand in it.

    PATH_OR_NAME is what --scenes of `render` takes: mp3d, replica:3, mp3d/17DRP5sb8fy, a mesh file
    (.glb, .gltf, .ply, .obj), a folder of them or a pattern. Blue and other colors are standing
    points, a color for each area that is connected; yellow is where things can stand on tables. A
    scene that cannot be used is named, and the exit code is 1 then.

    \b
    simbinaural scenes 'scans/*.glb' --out plans
    """  # noqa: D301 - click reads the \b
    from simbinaural.scenes.sources import parse_scenes
    from simbinaural.scenes.survey import survey

    found = parse_scenes(scenes, scene_root=scene_root, up=up, unit_scale=unit_scale)
    any_bad = False
    for line, path, problems, is_bad in survey(found, out):
        any_bad |= is_bad
        for problem in problems:
            warn(problem)
        click.echo(f"{line}; {path}" if path else line, err=is_bad)
    if any_bad:
        sys.exit(1)
