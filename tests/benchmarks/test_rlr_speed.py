"""What the engine `rlr` costs, and how much of that is ours."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scanned_rooms import box_mesh, scan_of
from shoebox import heads

from simbinaural.acoustics.rlr import STAGE, RlrEngine
from simbinaural.acoustics.rlr_files import material_label
from simbinaural.acoustics.rlr_process import ENGINE, is_installed
from simbinaural.hrtf import load_hrtf

SIZE = (5.0, 2.8, 4.2)
SOURCE = [1.1, 1.3, 0.9]
POSITIONS = [(3.7, 1.6, 2.8), (2.2, 1.4, 3.1), (4.1, 1.5, 1.2), (1.2, 1.6, 3.3)]

BARE = """
import json, sys, time
import numpy as np
from rlr_audio_propagation import ChannelLayout, ChannelLayoutType, Config, Context

task = json.loads(sys.stdin.readline())
for _ in sys.stdin:
    begin = time.process_time()
    for position in task["positions"]:
        config = Config()
        for name, value in task["settings"].items():
            setattr(config, name, value)
        context = Context(config)
        context.set_material_database_json(task["materials"])
        context.add_object()
        context.add_mesh_vertices(task["vertices"])
        context.add_mesh_indices(task["faces"], 3, task["label"])
        context.finalize_object_mesh(0)
        context.add_source()
        context.set_source_position(0, task["source"])
        context.add_listener(ChannelLayout(ChannelLayoutType.Binaural, 2))
        context.set_listener_position(0, position)
        context.set_listener_hrtf(0, task["head"])
        context.simulate()
        np.array([context.get_ir_channel(0, 0, 0), context.get_ir_channel(0, 0, 1)])
    print("seconds", time.process_time() - begin, flush=True)
"""


def processor_seconds():
    """What this process and the engine's have computed, whoever else is on the machine."""
    fields = Path(f"/proc/{ENGINE._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not is_installed(), reason="rlr-audio-propagation is not installed")
@pytest.mark.parametrize("steps", [1, 158], ids=["12 faces", "300k faces"])
def test_rlr_beside_the_bare_engine(benchmark, steps):
    """The same four poses by turns, so that both meet the same machine."""
    hrtf, scene, engine = load_hrtf(), scan_of(box_mesh(SIZE, steps=steps)), RlrEngine()
    poses = heads(POSITIONS)
    head, _ = STAGE.set(scene, hrtf)
    task = {
        "positions": POSITIONS,
        "settings": engine._settings(hrtf.sample_rate)["context"],
        "materials": head.replace("head.sofa", "materials.json"),
        "vertices": scene.mesh.vertices.ravel().tolist(),
        "faces": scene.mesh.faces.ravel().tolist(),
        "label": material_label(0),
        "source": SOURCE,
        "head": head,
    }
    bare = subprocess.Popen(
        [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    seconds, ours = [], []

    def ask(line):
        bare.stdin.write(f"{line}\n")
        bare.stdin.flush()

    def render_barely():
        ask("again")
        seconds.append(next(float(line.split()[1]) for line in bare.stdout if "seconds" in line))

    def render():
        begin = processor_seconds()
        made = engine.responses(scene, SOURCE, poses, hrtf=hrtf)
        ours.append(processor_seconds() - begin)
        return made

    ask(json.dumps(task))
    render()
    made = benchmark.pedantic(render, setup=render_barely, rounds=3)
    bare.stdin.close()
    bare.wait()
    benchmark.extra_info["processor_ms_per_brir"] = 1000 * min(ours) / len(poses)
    benchmark.extra_info["of_the_bare_engine"] = min(ours) / min(seconds)
    assert made.binaural.shape[:2] == (4, 2)
