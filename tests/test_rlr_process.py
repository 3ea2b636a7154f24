"""The process of the engine `rlr`: it ends with who asked, and its failures are one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rlr_rooms import FEW, RATE, SIZE, SOURCE, box, coarse_head, real
from scanned_rooms import box_mesh
from shoebox import heads

from simbinaural.acoustics import rlr_process
from simbinaural.acoustics.rlr import STAGE
from simbinaural.acoustics.rlr_process import ENGINE, EngineProcess
from simbinaural.errors import InputError


@pytest.fixture(scope="module")
def kemar():
    return coarse_head()


def simulate_in(folder, head, label="material-000000"):
    """Ask for a box of a material, past all that keeps mistakes away."""
    mesh = box_mesh(SIZE)
    ENGINE.ask(
        "load",
        materials=str(folder / "materials.json"),
        vertices=mesh.vertices,
        groups={label: mesh.faces},
    )
    return ENGINE.ask(
        "simulate",
        settings=FEW._settings(RATE),
        source=SOURCE.tolist(),
        poses=[([3.7, 1.6, 2.8], [1.0, 0.0, 0.0, 0.0])],
        hrtf=str(head),
        ambisonic=False,
    )


@pytest.fixture
def stage(kemar):
    """What files the engine has, and nothing that later calls take for theirs."""
    head, _ = STAGE.set(box(), kemar)
    yield Path(head)
    ENGINE.close()


@real
def test_a_material_that_the_engine_replaces_is_told(stage):
    _, lines = simulate_in(stage.parent, stage, "unheard-of")
    (line,) = set(lines)
    assert "unheard-of" in line


@real
def test_a_head_that_the_engine_cannot_read_is_no_other_head(stage):
    bad = stage.parent / "bad.sofa"
    bad.write_text("no SOFA")
    with pytest.raises(InputError, match="the RLR engine refuses: SOFA decode error"):
        simulate_in(stage.parent, bad)


def test_a_missing_package_names_the_remedy_and_the_licence(monkeypatch, kemar):
    monkeypatch.setattr(rlr_process, "find_spec", lambda _: None)
    ENGINE.close()
    with pytest.raises(InputError, match=r"acoustics rlr needs .*simbinaural\[soundspaces\].*NC"):
        FEW.responses(box(), SOURCE, heads([(3.7, 1.6, 2.8)]), hrtf=kemar)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.abort()", r"does not start \(it ended itself\); install"),
        (
            "import sys; from multiprocessing.connection import Connection\n"
            "Connection(int(sys.argv[1])).send((False, 'libstdc++ is too old'))",
            r"does not start \(libstdc\+\+ is too old\); install",
        ),
    ],
)
def test_an_engine_that_does_not_start_is_one_line(monkeypatch, tmp_path, program, message):
    (tmp_path / "server.py").write_text(program)
    monkeypatch.setattr(rlr_process, "_SERVER", tmp_path / "server.py")
    monkeypatch.setattr(rlr_process, "is_installed", lambda: True)
    with pytest.raises(InputError, match=message):
        EngineProcess().start()


@real
def test_a_lost_process_is_one_line_and_the_next_call_has_another(kemar):
    poses = heads([(3.7, 1.6, 2.8)])
    scene = box()
    before = FEW.responses(scene, SOURCE, poses, hrtf=kemar).binaural
    folder = ENGINE.folder
    os.kill(ENGINE._process.pid, signal.SIGKILL)
    with pytest.raises(InputError, match=r"the RLR engine ended itself \(signal 9\)"):
        FEW.responses(scene, SOURCE, poses, hrtf=kemar)
    assert not folder.exists()
    np.testing.assert_array_equal(FEW.responses(scene, SOURCE, poses, hrtf=kemar).binaural, before)


@real
def test_the_process_and_its_files_end_with_who_asked():
    program = (
        "import os, signal\n"
        "from simbinaural.acoustics.rlr_process import ENGINE\n"
        "ENGINE.start()\n"
        "print(ENGINE._process.pid, ENGINE.folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    pid, folder = run.stdout.split()
    deadline = time.monotonic() + 20
    while (Path(folder).exists() or _runs(int(pid))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not _runs(int(pid))


def _runs(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
