"""Training a network: batches, steps, validation, checkpoints; a killed run goes on where it was.

::

    loader ─► preparation ─► network ─► losses ─► optimizer
                                │
                                └─ every epoch ─► validation ─► best.ckpt, last.ckpt

Everything random is a function of the seed and the step, so nothing but weights and moments need be
kept to go on exactly.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.fabric import Fabric

from models.checkpoint import (
    BEST,
    LAST,
    pick_device,
    read_checkpoint,
    save_checkpoint,
    source_commit,
    write_json,
)
from models.data.loader import make_loader
from models.data.preparation import Preparation
from models.data.table import ClipTable
from models.networks.network import VISUAL
from models.networks.registry import make_network
from models.options import PRECISIONS, differences
from models.spectrograms import SAMPLE_RATE, sound
from models.training.journal import Journal
from simbinaural.errors import InputError, require

DECAY, DECAY_EPOCHS = 0.94, 10
"""The learning rates shrink by this factor, every so many epochs (public code of the field)."""

BETAS = (0.9, 0.999)

SAVE_STEPS = 500
"""Steps after which the last state is kept, in epochs that are longer."""

VALIDATION_SEED = 0x5EED
"""Windows of the validation part are the same in all runs."""


@dataclass(frozen=True)
class Machine:
    """What a training runs on: how fast, not what.

    Attributes
    ----------
    device : {"auto", "cpu", "cuda"}
    devices : int
        Processes, a device each.
    workers : int
        That read data, for each process.
    compile : bool or None
        Whether the network is compiled; None: on CUDA.
    """

    device: str = "auto"
    devices: int = 1
    workers: int = 1
    compile: bool | None = None


class Lesson(torch.nn.Module):
    """A network and its losses as one module, for what wraps modules."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, prepared):
        """Losses by name of a prepared batch, and what the network gave."""
        output = self.network(prepared.mix, prepared.frame)
        return self.network.loss(prepared, output), output


def train(options, folder, *, machine=None, report=None, warn=None, every=1):
    """Train a network, or go on with a training.

    Parameters
    ----------
    options : TrainOptions
    folder : path-like
        Of the run.
    machine : Machine, optional
    report : callable, optional
        Called with the number of steps and the number that are missing; returns what moves a bar.
    warn : callable, optional
        Called with texts for the user.
    every : int
        Epochs between validations.

    Returns
    -------
    dict
        ``step``, ``best`` (least validation loss, or training loss where there is no validation).

    Raises
    ------
    InputError
        If data or options do not fit, the folder holds another run, or the loss is no number.
    """
    folder = Path(folder)
    before = _earlier_run(folder, options)
    fabric = _open_fabric(options, machine or Machine())
    fabric.launch()
    return _Training(options, folder, fabric, machine or Machine(), warn).run(before, report, every)


def _earlier_run(folder, options):
    """Last checkpoint of the same training; None where there is none yet."""
    if not (folder / LAST).exists():
        if folder.is_dir() and any(folder.iterdir()) and not (folder / "run.json").exists():
            raise InputError(f"{folder}: is not empty and holds no run; choose another --out")
        return None
    found = read_checkpoint(folder / LAST)
    changed = differences(found["info"]["options"], options.as_dict())
    if changed:
        raise InputError(
            f"{folder}: holds a run with other options: {'; '.join(changed)}; "
            "choose another --out or the same options"
        )
    return found


def _open_fabric(options, machine):
    torch.set_float32_matmul_precision("high")
    return Fabric(
        accelerator=pick_device(machine.device),
        devices=machine.devices,
        strategy="auto" if machine.devices == 1 else "ddp",
        precision=PRECISIONS[options.precision],
    )


class _Training:
    """A run in one of its processes."""

    def __init__(self, options, folder, fabric, machine, warn):
        self.options, self.folder, self.fabric, self.machine = options, folder, fabric, machine
        self.warn = warn if fabric.is_global_zero and warn else lambda _: None
        needs = make_network(options.network, width=options.width).needs
        self.train_table = self._table("train", options.labelled, needs)
        self.val_table = self._val_table(needs)
        self.steps_an_epoch = max(1, -(-len(self.train_table) // options.batch_size))
        self.n_steps = options.steps or options.epochs * self.steps_an_epoch
        self._needs = needs
        self._build()

    def _table(self, part, labelled, needs):
        options = self.options
        return ClipTable.of(
            options.data,
            split=options.split,
            part=part if options.split else None,
            weights=options.weights or None,
            labelled=labelled,
            needs=needs,
        )

    def _val_table(self, needs):
        if self.options.split is None:
            self.warn("no --split: all clips are trained on, and none is left to validate with")
            return None
        try:
            return self._table("val", 1.0, needs)
        except InputError as error:
            self.warn(f"no validation: {error}")
            return None

    def _build(self):
        options, fabric = self.options, self.fabric
        torch.manual_seed(options.seed)
        network = make_network(
            options.network, width=options.width, visual_weights=options.visual_weights
        )
        require(
            network.trainable,
            f"{options.network} has nothing to train; models evaluate measures it as it is",
        )
        factors = {VISUAL: options.rate * options.visual_rate}
        groups = [
            {**group, "lr": group["lr"] * factors.get(group["name"], options.rate)}
            for group in network.parameter_groups()
        ]
        self.optimizer = torch.optim.Adam(
            groups,
            betas=BETAS,
            weight_decay=options.weight_decay,
        )
        self._first_rates = [group["lr"] for group in self.optimizer.param_groups]
        on_gpu = fabric.device.type == "cuda"
        if on_gpu:
            # Not on processors: torch 2.13 ends there in backward passes of 8 channels.
            network = network.to(memory_format=torch.channels_last)
        self.network = network
        # Alone, for validation: what wraps it for several processes would wait for all of them.
        self.alone = lesson = Lesson(network)
        if on_gpu if self.machine.compile is None else self.machine.compile:
            lesson = torch.compile(lesson)
        self.lesson, self.optimizer = fabric.setup(lesson, self.optimizer)
        self.preparation = Preparation(flip=options.flip).to(fabric.device)

    # ----------------------------------------------------------------------- running

    def run(self, before, report, every):
        step = self._restore(before)
        advance = report(self.n_steps, self.n_steps - step) if report else None
        if self.fabric.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "run.json", {"options": self.options.as_dict()})
        with self._journal(step) as journal:
            self.journal = journal
            for done, batch in enumerate(self._batches(step), step + 1):
                self.seen = [self.seen[0] + self._step(done - 1, batch), self.seen[1] + 1]
                if advance:
                    advance(1)
                if done % (every * self.steps_an_epoch) == 0 or done == self.n_steps:
                    self._look_back(done)
                elif done % SAVE_STEPS == 0:
                    self._save_last(done)
        return {"step": self.n_steps, "best": self.best}

    def _restore(self, before):
        """Take up what a checkpoint holds; return the next step."""
        # The least loss so far; sum and number of training losses since the last look back.
        self.best, self.seen = float("inf"), [0.0, 0]
        if before is None:
            return 0
        self.network.load_state_dict(before["state"])
        self.optimizer.load_state_dict(before["optimizer"])
        self.best, self.seen = before["best"], before["seen"]
        return before["info"]["step"]

    @contextlib.contextmanager
    def _journal(self, step):
        if not self.fabric.is_global_zero:
            yield None
            return
        journal = Journal(self.folder, step)
        try:
            yield journal
        finally:
            journal.close()

    def _batches(self, start_step):
        wanted = {"seed": self.options.seed, "steps": self.n_steps, "start_step": start_step}
        for batch in self._loader(self.train_table, **wanted):
            yield self.fabric.to_device(batch)

    def _loader(self, table, **wanted):
        return make_loader(
            table,
            needs=self._needs,
            batch_size=self.options.batch_size,
            workers=self.machine.workers,
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
            pin_memory=self.fabric.device.type == "cuda",
            **wanted,
        )

    def _step(self, step, batch):
        """Learn from one batch; return its loss."""
        self._set_rates(step)
        self.lesson.train()
        self.preparation.train()
        prepared = self.preparation(batch)
        losses, _ = self.lesson(prepared)
        values = {name: float(value.detach()) for name, value in losses.items()}
        self._require_numbers(step, values, batch)
        self.optimizer.zero_grad()
        self.fabric.backward(losses["loss"])
        self.optimizer.step()
        if self.journal:
            self.journal.note(step, "train", values)
        return values["loss"]

    def _set_rates(self, step):
        factor = DECAY ** (step // self.steps_an_epoch // DECAY_EPOCHS)
        for group, rate in zip(self.optimizer.param_groups, self._first_rates, strict=True):
            group["lr"] = rate * factor

    def _require_numbers(self, step, values, batch):
        if all(value == value and abs(value) != float("inf") for value in values.values()):
            return
        names = sorted({self.train_table.name(int(row)) for row in batch["clip"]})
        raise InputError(
            f"{self.folder}: the loss is no number at step {step}, in a batch of "
            f"{', '.join(names[:8])}{' …' if len(names) > 8 else ''}; "
            "look at these clips, or lower --rate"
        )

    # ----------------------------------------------------------------------- looking back

    def _look_back(self, step):
        """Validate, and keep the last network and the best."""
        loss = self.seen[0] / self.seen[1]
        if self.val_table is not None:
            loss = self._validate(step)
        self.seen = [0.0, 0]
        if self.fabric.is_global_zero:
            if loss < self.best:
                self.best = loss
                save_checkpoint(self.folder / BEST, self._state(), self._info(step), best=self.best)
            self._save_last(step)
            self.journal.flush()
        self.fabric.barrier()

    def _save_last(self, step):
        """Keep what is needed to go on."""
        if self.fabric.is_global_zero:
            moments = self.optimizer.state_dict()
            more = {"optimizer": moments, "best": self.best, "seen": self.seen}
            save_checkpoint(self.folder / LAST, self._state(), self._info(step), **more)

    def _state(self):
        return {name: value.detach().cpu() for name, value in self.network.state_dict().items()}

    def _info(self, step):
        options = self.options
        return {
            "network": options.network,
            "options": options.as_dict(),
            "width": options.width,
            "visual_weights": options.visual_weights,
            "data": list(options.data),
            "data_hash": self.train_table.digest(),
            "commit": source_commit(),
            "step": step,
        }

    @torch.no_grad()
    def _validate(self, step):
        """Mean losses over windows of the validation part."""
        self.alone.eval()
        self.preparation.eval()
        sums, count, shown = {}, 0, None
        for batch in self._loader(self.val_table, seed=VALIDATION_SEED, training=False):
            if not len(batch["audio"]):
                continue  # fewer windows than processes
            prepared = self.preparation(self.fabric.to_device(batch))
            with self.fabric.autocast():
                losses, output = self.alone(prepared)
            # The last batch may be smaller.
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + value.detach().float() * len(prepared.mix)
            count += len(prepared.mix)
            shown = shown or (prepared, output)
        count = self.fabric.all_reduce(torch.tensor(float(count)), reduce_op="sum")
        means = {
            name: float(
                self.fabric.all_reduce(sums.get(name, torch.zeros(())), reduce_op="sum") / count
            )
            for name in self.fabric.broadcast(list(sums))
        }
        if self.journal:
            self.journal.note(step, "val", means)
            self.journal.show(step, _examples(*shown), SAMPLE_RATE)
        return means["loss"]


def _examples(prepared, output, count=2):
    """Truth and prediction (2, samples) of the first windows."""
    n_samples = (prepared.mix.shape[-1] - 1) * 160
    examples = {}
    for k in range(min(count, len(prepared.mix))):
        for name, difference in (("truth", prepared.difference), ("predicted", output.difference)):
            mix, side = prepared.mix[k].float(), difference[k].float()
            ears = sound(torch.stack([(mix + side) / 2, (mix - side) / 2]), n_samples)
            examples[f"{k}/{name}"] = ears.cpu().numpy()
    return examples
