"""The command `models`: parse, call one function, print."""

import dataclasses
from pathlib import Path

import click

from models.options import PRECISIONS, TrainOptions
from simbinaural.commands import CommandGroup, Progress, warn, workers_option
from simbinaural.errors import InputError

DEFAULTS = {field.name: field.default for field in dataclasses.fields(TrainOptions)}

SHOWN = 24
"""Pictures in the figure of activations, at most."""

MISSING = "models needs torch; install it with pip install 'simbinaural[train]'"


class ModelsGroup(CommandGroup):
    """Says in one line what to install where torch or Lightning is missing."""

    def invoke(self, ctx):
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("torch", "lightning", "tensorboard"):
                raise
            click.echo(f"{ctx.info_name}: {MISSING}", err=True)
            ctx.exit(1)


@click.group(cls=ModelsGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simbinaural")
def main():
    """Train the reference networks that turn mono video into binaural video, and measure them."""


data_option = click.option(
    "--data",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Data set; several are mixed.",
)
split_option = click.option("--split", help="Split of the data sets, as simbinaural split made it.")
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="What computes.",
)
hop_option = click.option(
    "--hop-s", default=0.1, show_default=True, help="Seconds from window to window."
)


def _option(parameter, help_text, **extra):
    """Declare the option of one of `TrainOptions`' attributes, with its default."""
    default = DEFAULTS[parameter]
    return click.option(
        f"--{parameter.replace('_', '-')}",
        parameter,
        default=default,
        show_default=default is not None,
        help=help_text,
        **extra,
    )


# --------------------------------------------------------------------------- list


@main.command("list")
def list_networks():
    """List the networks: what each needs, its size, and where it comes from."""
    from models.networks.registry import NETWORKS, make_network

    for name, kind in NETWORKS.items():
        count = sum(parameter.numel() for parameter in make_network(name).parameters())
        needs = ", ".join(sorted(kind.needs)) or "sound"
        first_line = (kind.__doc__ or "").strip().splitlines()[0]
        click.echo(f"{name:15} {count / 1e6:6.1f} M  needs {needs:8} {first_line}")


# --------------------------------------------------------------------------- train


@main.command()
@click.argument("network")
@data_option
@click.option(
    "--weight", "weights", multiple=True, type=float, help="For each data set: how often."
)
@split_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run.")
@_option("batch_size", "Windows in a batch, of all processes together.")
@_option("epochs", "One window of each clip, over and over.")
@_option("steps", "Batches, instead of epochs.", type=int)
@_option("rate", "Factor on the learning rates.")
@_option("visual_rate", "Factor on that of the visual part; 10 where it begins at random.")
@_option("weight_decay", "Of Adam.")
@_option("width", "Factor on the number of channels, for tests and small machines.")
@click.option(
    "--visual-weights",
    help="imagenet (torchvision's), none, or a .pth or .safetensors file.  "
    "[default: imagenet where torchvision is installed, else none]",
)
@_option("labelled", "Share of the clips whose binaural sound may be seen.")
@_option("flip", "Mirror half of the windows, picture and ears together.", is_flag=True)
@_option("precision", "Of the computation.", type=click.Choice(list(PRECISIONS)))
@_option("seed", "All chance comes from it.")
@device_option
@click.option("--devices", default=1, show_default=True, help="Processes, a device each.")
@click.option("--workers", default=1, show_default=True, help="That read data, for each process.")
@click.option(
    "--compile/--no-compile",
    "compile_network",
    default=None,
    help="Compile the network first.  [default: on CUDA]",
)
@click.option("--every", default=1, show_default=True, help="Epochs between validations.")
def train(network, data, out, visual_weights, every, **values):
    """Train NETWORK; the same command goes on where a run was ended, more --epochs extend it.

    \b
    models train mono2binaural --data sim --split scene --out runs/m2b
    """  # noqa: D301 - click reads the \b
    from models.backbones.weights import default_visual_weights
    from models.training.run import Machine, train

    machine = Machine(
        device=values.pop("device"),
        devices=values.pop("devices"),
        workers=values.pop("workers"),
        compile=values.pop("compile_network"),
    )
    if visual_weights is None:
        visual_weights = default_visual_weights()
        click.echo(
            f"--visual-weights {visual_weights}: as torchvision is "
            f"{'installed' if visual_weights == 'imagenet' else 'not installed'}",
            err=True,
        )
    values["weights"] = tuple(values["weights"])
    options = TrainOptions(
        network, tuple(str(path) for path in data), visual_weights=visual_weights, **values
    )
    with Progress("step") as progress:
        done = train(options, out, machine=machine, report=progress.begin, warn=warn, every=every)
    click.echo(f"{out}: {done['step']} steps, best loss {done['best']:.4g}")


# --------------------------------------------------------------------------- evaluate


@main.command()
@click.argument("run")
@data_option
@split_option
@click.option("--part", help="Part of the split.  [default: test, with --split]")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: RUN]")
@hop_option
@click.option("--batch-size", default=64, show_default=True, help="Windows at a time.")
@click.option("--legacy", is_flag=True, help="Inverse STFT and level of the public code.")
@click.option("--flip-visual", is_flag=True, help="Mirror the pictures, and only them.")
@click.option("--figures", is_flag=True, help="Draw errors by azimuth, activations and t-SNE.")
@device_option
@workers_option
def evaluate(run, data, split, part, out, device, figures, **values):
    """Measure RUN (a run's folder, a checkpoint, or mono-mono) on whole clips.

    \b
    models evaluate runs/m2b --data sim --split scene --part test
    models evaluate mono-mono --data sim --split scene --out runs/mono-mono
    """  # noqa: D301 - click reads the \b
    from models.checkpoint import load_network, pick_device
    from models.data.table import ClipTable
    from models.evaluation.evaluate import evaluate
    from models.networks.registry import NETWORKS, make_network

    if run in NETWORKS and not NETWORKS[run].trainable:
        network, folder = make_network(run), out
    else:
        network, _ = load_network(run)
        folder = out or (Path(run) if Path(run).is_dir() else Path(run).parent)
    part = part or ("test" if split else None)
    needs = network.needs & {"frame"}
    table = ClipTable.of([str(each) for each in data], split=split, part=part, needs=needs)
    about = {"data": [each.name for each in data], "split": split, "part": part, "run": str(run)}
    with Progress("clip") as progress:
        move = progress.begin(len(table), len(table))
        device = pick_device(device)
        report = evaluate(network, table, about=about, device=device, progress=move, **values)
    for line in report.lines():
        click.echo(line)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(report.write(folder), err=True)
    if figures:
        _draw(folder, network, table, report, device=device)


def _draw(folder, network, table, report, *, device):
    """Draw what can be drawn of an evaluation, and say where it is."""
    from models.evaluation.features import look_at_clips
    from models.evaluation.figures import draw_activations, draw_errors_by_azimuth, draw_tsne

    by_azimuth = report.by_azimuth()
    if by_azimuth is not None:
        path = folder / "errors-by-azimuth.png"
        draw_errors_by_azimuth(path, {network.name: by_azimuth})
        click.echo(path, err=True)
    if "frame" not in network.needs:
        return
    looks = look_at_clips(network, table, device=device, moments=4)
    some = looks[:: -(-len(looks) // SHOWN)]
    drawings = (("activations.png", draw_activations, some), ("tsne.png", draw_tsne, looks))
    for name, draw, shown in drawings:
        try:
            draw(folder / name, shown)
        except InputError as error:  # too few clips for a cloud
            warn(f"{folder / name}: {error}")
        else:
            click.echo(folder / name, err=True)


# --------------------------------------------------------------------------- predict, table


@main.command()
@click.argument("run")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="MP4.  [default: VIDEO-binaural.mp4]"
)
@hop_option
@click.option("--batch-size", default=64, show_default=True, help="Windows at a time.")
@click.option("--gain-db", default=0.0, show_default=True, help="Added to the sound at last.")
@device_option
def predict(run, video, out, device, **values):
    """Give VIDEO the binaural sound that the network of RUN predicts.

    \b
    models predict runs/m2b holiday.mp4 -o holiday-binaural.mp4
    """  # noqa: D301 - click reads the \b
    from models.checkpoint import load_network, pick_device
    from models.prediction import predict_video

    device = pick_device(device)
    network, _ = load_network(run, device=device)
    out = out or video.with_name(f"{video.stem}-binaural.mp4")
    with Progress("s") as progress:
        done = predict_video(
            network, video, out, device=device, progress=_by_seconds(progress, video), **values
        )
    click.echo(f"{out}: {done.duration_s:.1f} s")
    if done.peak > 1:
        warn(f"{out}: sound was cut at its peaks; pass --gain-db {-_db(done.peak):.1f}")


def _by_seconds(progress, video):
    """What moves a bar of the video's seconds."""
    from simbinaural.video import video_info

    total = round(video_info(video).duration_s)
    return progress.begin(total, total)


def _db(peak):
    from simbinaural.audio import to_db

    return float(to_db(peak)) + 0.1


@main.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="CSV to write beside it.")
@click.option("--normalized", is_flag=True, help="Truth and prediction divided by their peaks.")
def table(runs, out, normalized):
    """Print evaluated RUNS as a Markdown table in the form of the paper's Table 2.

    \b
    models table runs/* -o table.csv
    """  # noqa: D301 - click reads the \b
    from models.evaluation.table import as_csv, as_markdown, collect

    columns, rows = collect(runs, normalized=normalized)
    click.echo(as_markdown(columns, rows), nl=False)
    if out:
        out.write_text(as_csv(columns, rows), encoding="utf-8")
