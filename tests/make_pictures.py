"""The pictures of the README, made by the program itself: `make pictures`.

A page is photographed by headless Chromium where there is one; without it that picture stays.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from annotate_page import Desk, Server, chromium
from scanned_home import write_replica

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from simbinaural.acoustics.bands import air_absorption
from simbinaural.acoustics.early import anechoic
from simbinaural.acoustics.rooms import room_brirs
from simbinaural.geometry import Pose, direction_vectors, orientation_towards
from simbinaural.hrtf import load_hrtf
from simbinaural.metrics import (
    energy_decay_curve,
    eyring_time,
    interaural_level_difference_db,
    interaural_time_difference_s,
    reverberation_time,
)
from simbinaural.scenes.procedural import make_home
from simbinaural.scenes.scene import OCTAVE_BANDS_HZ, Material, Room
from simbinaural.shards import open_dataset
from simbinaural.video import decode_jpeg, read_frames

PICTURES = Path(__file__).parents[1] / "assets" / "readme"

COLUMNS, ROWS = 3, 4


def main():
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "sim"
        command = [sys.executable, "-m", "simbinaural"]
        count = str(COLUMNS * ROWS)
        subprocess.run(
            [*command, "render", "--videos", count, "--duration", "10", "--workers", "2"]
            + ["--seed", "4", "--shard-clips", "2", "--out", data],
            check=True,
        )
        draw_frames(data)
        subprocess.run([*command, "preview", data], check=True)
        photograph(data / "index.html")
        photograph_annotation(data)
        draw_heat(Path(folder))
        draw_scans(Path(folder))
    draw_acoustics()


def draw_frames(data):
    """Show one frame of each clip."""
    with open_dataset(data) as clips:
        frames = [decode_jpeg(clip.image("frames", 30)) for clip in clips]
    rows = [np.hstack(frames[k : k + COLUMNS]) for k in range(0, len(frames), COLUMNS)]
    picture = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(PICTURES / "frames.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def draw_heat(folder):
    """Film a panorama, write it as 360-degree video, and show a second of its heat map."""
    film, heat = folder / "film.mp4", folder / "heat.mp4"
    simbinaural = [sys.executable, "-m", "simbinaural"]
    options = ["--videos", "1", "--duration", "5", "--classes", "phone", "--seed", "5"]
    panorama = ["--camera", "equirect", "--audio", "binaural,foa", "--out", folder / "sphere"]
    subprocess.run([*simbinaural, "render", *options, *panorama], check=True)
    subprocess.run(
        [*simbinaural, "export", "--spherical", folder / "sphere", "0", "-o", film], check=True
    )
    command = [sys.executable, "-c", "from ambi2binaural.cli import main; main()"]
    subprocess.run([*command, "heatmap", film, "-o", heat], check=True)
    frame = next(rgb for seconds, rgb in read_frames(heat) if seconds >= 2)
    picture = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(PICTURES / "heat.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def draw_scans(folder):
    """Scan a built-in home, draw it from above and film in it."""
    root, out = folder / "data", folder / "scans"
    write_replica(root, make_home(0))
    simbinaural = [sys.executable, "-m", "simbinaural"]
    scenes = ["--scene-root", root]
    subprocess.run([*simbinaural, "scenes", "replica", *scenes, "--out", folder], check=True)
    options = ["--videos", "8", "--duration", "5", "--seed", "3", "--out", out]
    subprocess.run([*simbinaural, "render", "--scenes", "replica", *scenes, *options], check=True)
    with open_dataset(out) as clips:
        frames = [decode_jpeg(clip.image("frames", 12)) for clip in clips]
    film = np.vstack([np.hstack(frames[k : k + 2]) for k in range(0, len(frames), 2)])
    plan = cv2.cvtColor(cv2.imread(str(folder / "replica-home_0.png")), cv2.COLOR_BGR2RGB)
    height = film.shape[1] * plan.shape[0] // plan.shape[1]
    plan = cv2.resize(plan, (film.shape[1], height), interpolation=cv2.INTER_AREA)
    blank = np.full((film.shape[0], film.shape[1], 3), 255, np.uint8)
    top = (film.shape[0] - height) // 2
    blank[top : top + height] = plan
    picture = cv2.cvtColor(np.hstack([blank, film]), cv2.COLOR_RGB2BGR)
    picture = cv2.resize(picture, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(PICTURES / "scans.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def photograph(page):
    """Take a picture of the preview page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium: preview.png stays as it is", file=sys.stderr)  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
            + ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            + [f"--user-data-dir={profile}", "--window-size=1280,1090"]
            + ["--virtual-time-budget=5000", f"--screenshot={PICTURES / 'preview.png'}"]
            + [page.as_uri()],
            check=True,
            capture_output=True,
        )


def photograph_annotation(data):
    """Answer some clips where their sources are, and take a picture of the page at the next."""
    server = Server(data, "ann")
    try:
        with open_dataset(data) as clips, chromium() as browser:
            page = browser.new_context(viewport={"width": 1280, "height": 720})
            desk = Desk(page, server)
            for clip in list(clips)[:5]:
                middle = (len(clip["frame_times"]) - 1) // 2
                desk.click([float(x) for x in clip["source_pixel"][middle, 0]])
                desk.page.wait_for_timeout(1500)  # the map, and the meters in motion
                desk.page.screenshot(path=PICTURES / "annotate.png")
                desk.save()
    finally:
        server.kill()


def draw_acoustics():
    """Plot ears over azimuth, and decay and reverberation time of a shoebox against theory."""
    figure, (ears, decay, times) = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
    hrtf = load_hrtf()
    draw_ears(ears, hrtf)
    draw_room(decay, times, hrtf)
    figure.savefig(PICTURES / "acoustics.png", dpi=110)


def draw_ears(axis, hrtf):
    """ITD and ILD of the direct sound."""
    azimuths = np.arange(-180, 181, 5)
    brirs = [anechoic(hrtf, 2 * direction_vectors(a, 0.0), n_taps=400) for a in azimuths]
    itd = [interaural_time_difference_s(brir, hrtf.sample_rate) * 1e6 for brir in brirs]
    axis.plot(azimuths, itd, "C0", label="ITD (µs)")
    axis.set(xlabel="azimuth (°), left positive", title="Direct sound", xticks=range(-180, 181, 90))
    axis.set_ylabel("ITD (µs), left earlier", color="C0")
    other = axis.twinx()
    other.plot(azimuths, [interaural_level_difference_db(brir) for brir in brirs], "C1")
    other.set_ylabel("ILD (dB), left louder", color="C1")
    axis.grid(alpha=0.3)


def draw_room(decay, times, hrtf):
    """Mean of many BRIRs of a shoebox with uniform absorption."""
    size = np.array([7.0, 2.8, 5.0])
    rng = np.random.default_rng(0)
    for color, alpha in (("C0", 0.1), ("C1", 0.2), ("C2", 0.3)):
        room, materials = shoebox(size, alpha)
        poses = [
            Pose(rng.uniform((1, 1.2, 1), size - (1, 1.2, 1)), orientation_towards(course))
            for course in np.linspace(0, 360, 24, endpoint=False)
        ]
        source = np.array([1.9, 1.1, 1.7])
        brirs = room_brirs(room, materials, source, poses, hrtf=hrtf, rng=rng)
        mean = np.sqrt(np.mean(np.sum(brirs.astype(float) ** 2, axis=1), axis=0))[None]
        curve = energy_decay_curve(mean)
        seconds = np.arange(len(curve)) / hrtf.sample_rate
        decay.plot(seconds, curve, color, label=f"absorption {alpha:g}")
        measured = [
            reverberation_time(band_mean(brirs, hrtf.sample_rate, f), hrtf.sample_rate)
            for f in OCTAVE_BANDS_HZ[:6]
        ]
        areas = 2 * np.array([size[0] * size[1], size[1] * size[2], size[0] * size[2]])
        theory = [
            eyring_time(np.prod(size), areas, np.full(3, alpha), air=m)
            for m in air_absorption()[:6]
        ]
        times.semilogx(OCTAVE_BANDS_HZ[:6], theory, color, lw=1)
        times.semilogx(OCTAVE_BANDS_HZ[:6], measured, color + "o")
    decay.set(xlabel="s", ylabel="dB", ylim=(-60, 2), title="Energy decay, mean of 24 BRIRs")
    decay.legend()
    times.set(xlabel="Hz", ylabel="s", title="T30 (dots) and Eyring's time (lines)", ylim=(0, None))
    times.set_xticks(OCTAVE_BANDS_HZ[:6], [f"{f:g}" for f in OCTAVE_BANDS_HZ[:6]], minor=False)
    times.minorticks_off()
    for axis in (decay, times):
        axis.grid(alpha=0.3)


def shoebox(size, alpha):
    """A bare room of one material."""
    x, height, z = size
    polygon = np.array([[0, 0], [x, 0], [x, z], [0, z]])
    material = Material("uniform", np.full(7, alpha), np.full(7, 0.5))
    room = Room("box", "hall", polygon, 0.0, height, np.zeros(6, dtype=int))
    return room, (material,)


def band_mean(brirs, sample_rate, frequency):
    """Root of the mean energy of BRIRs in an octave."""
    from scipy.signal import butter, sosfilt

    edges = (frequency / np.sqrt(2), min(frequency * np.sqrt(2), 0.49 * sample_rate))
    filtered = sosfilt(butter(4, edges, "bandpass", fs=sample_rate, output="sos"), brirs)
    return np.sqrt(np.mean(np.sum(filtered**2, axis=1), axis=0))[None]


if __name__ == "__main__":
    main()
