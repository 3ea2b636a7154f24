"""What turning 4K panoramas into views costs, beside decoding alone and FFmpeg's v360.

Ratios within one run, of CPU time: the figures of one machine say nothing of another. The file is
short, so that the start of each counts more than in a real one.
"""

import os
import resource
import signal
import subprocess
import sys
import time

import av
import imageio_ffmpeg
import numpy as np
import pytest

from ambi2binaural.filming import film
from ambi2binaural.layout import VideoLayout
from ambi2binaural.reading import MediaReader
from ambi2binaural.views import ViewWarp
from simbinaural.geometry import Camera

DURATION_S = 12
FPS = 8


@pytest.fixture(scope="module", params=[3, 0], ids=["b-frames", "no-b-frames"])
def panorama(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("panorama") / "panorama.mp4"
    picture = "testsrc2=s=3840x1920:r=30,noise=alls=2:allf=t"
    sound = "anoisesrc=r=48000:a=0.1,pan=4.0|c0=c0|c1=c0|c2=c0|c3=c0"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(DURATION_S))
    coders = ("-c:v", "libx264", "-preset", "superfast", "-crf", "26", "-g", "60", "-c:a", "aac")
    coders = (*coders, "-bf", request.param)
    run_ffmpeg(*inputs, *coders, "-pix_fmt", "yuv420p", path)
    return path


def run_ffmpeg(*arguments):
    """Run it; CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-y", "-loglevel", "error", *map(str, arguments)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def decode(path):
    with av.open(str(path)) as container:
        track = container.streams.video[0]
        track.thread_type = "AUTO"
        return sum(1 for _ in container.decode(track))


def crop(path, camera):
    """Views as JPEG, towards another direction each second."""
    rng = np.random.default_rng(0)
    views = np.column_stack([rng.uniform(-180, 180, DURATION_S), rng.uniform(-60, 60, DURATION_S)])
    if camera.projection == "equirect":
        views[:] = 0
    warp = ViewWarp(VideoLayout(), camera)
    times = np.arange(DURATION_S * FPS) / FPS
    frames = MediaReader(path).frames(times)
    looks = ((frame, tuple(views[int(wanted)])) for wanted, _, frame in frames)
    return [picture for picture, _ in film(warp, looks)]


def cpu_seconds(work, *arguments):
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    "camera", [Camera(480, 240), Camera(448, 224, 360.0, "equirect")], ids=["view", "full"]
)
def test_views_of_a_4k_panorama(benchmark, panorama, camera):
    pictures = benchmark.pedantic(crop, (panorama, camera), rounds=3, warmup_rounds=1)
    ours = benchmark.stats.stats.min
    alone = min(cpu_seconds(decode, panorama) for _ in range(3))
    target = "e" if camera.projection == "equirect" else "flat:h_fov=90:v_fov=53.13:yaw=-30"
    warp = f"fps={FPS},v360=e:{target}:w={camera.width}:h={camera.height}"
    output = panorama.with_name("view.mp4")
    coder = ("-c:v", "libx264", "-preset", "veryfast")
    theirs = min(run_ffmpeg("-i", panorama, "-an", "-vf", warp, *coder, output) for _ in range(3))
    benchmark.extra_info["relative_to_decoding"] = ours / alone
    benchmark.extra_info["relative_to_ffmpeg"] = ours / theirs
    benchmark.extra_info["times_real_time"] = DURATION_S / ours
    assert len(pictures) == DURATION_S * FPS


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("sample_rate", [48_000, 16_000])
def test_reading_the_sound(benchmark, panorama, tmp_path, sample_rate):
    long, repeats = tmp_path / "long.m4a", 20
    run_ffmpeg("-stream_loop", repeats - 1, "-i", panorama, "-vn", "-c:a", "copy", long)
    reader = MediaReader(panorama, long)

    def read():
        return sum(block.shape[1] for block in reader.sound(sample_rate))

    n_samples = benchmark.pedantic(read, rounds=3, warmup_rounds=1)
    benchmark.extra_info["times_real_time"] = repeats * DURATION_S / benchmark.stats.stats.min
    assert n_samples == pytest.approx(repeats * DURATION_S * sample_rate, rel=0.01)


@pytest.mark.benchmark(timer=time.process_time)
def test_the_first_view(benchmark, panorama):
    def start():
        reader, warp = MediaReader(panorama), ViewWarp(VideoLayout())
        return warp(next(reader.frames([0.0]))[2], 30, 10)

    assert benchmark.pedantic(start, rounds=3).shape == (240, 480, 3)


SLICE_S = 0.4
REPEATS = 10


def in_turn(commands):
    """Seconds that each of some commands takes, all of them at work in turn for a moment.

    What else the machine does slows all of them alike: its noise, a tenth and more from one minute
    to the next, is a hundredth of their ratio.
    """
    running, seconds = {}, dict.fromkeys(commands, 0.0)
    while len(running) < len(commands) or any(each.returncode is None for each in running.values()):
        for name, command in commands.items():
            begin = time.perf_counter()
            if name not in running:
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                running[name] = subprocess.Popen(command, start_new_session=True, **quiet)
            elif running[name].returncode is None:
                os.killpg(running[name].pid, signal.SIGCONT)
            else:
                continue
            try:
                assert running[name].wait(SLICE_S) == 0, command
            except subprocess.TimeoutExpired:
                os.killpg(running[name].pid, signal.SIGSTOP)
            seconds[name] += time.perf_counter() - begin
    return seconds


@pytest.mark.parametrize(
    "coder",
    [("veryfast",), ("veryfast", "-bf", "0", "-refs", "1", "-g", "30"), ("ultrafast", "-g", "60")],
    ids=["b-frames", "no-b-frames", "ultrafast"],
)
def test_the_command_beside_ffmpeg(benchmark, tmp_path, coder):
    short, long = tmp_path / "short.mp4", tmp_path / "long.mp4"
    picture = "testsrc2=s=3840x1920:r=30,noise=alls=2:allf=t"
    sound = "anoisesrc=r=48000:a=0.1,pan=4.0|c0=c0|c1=c0|c2=c0|c3=c0"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(DURATION_S))
    coders = ("-c:v", "libx264", "-preset", *coder, "-pix_fmt", "yuv420p", "-c:a", "aac")
    run_ffmpeg(*inputs, *coders, short)
    run_ffmpeg("-stream_loop", REPEATS - 1, "-i", short, "-c", "copy", long)
    program = imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-i", str(long), "-an"
    warp = f"fps={FPS},v360=e:flat:h_fov=90:v_fov=53.13:yaw=-30:w=480:h=240"
    coder = ("-c:v", "libx264", "-preset", "veryfast")
    crop = "from ambi2binaural.cli import main; main()"
    commands = {
        "crop": [sys.executable, "-c", crop, "crop", long, "--projection", "equirect"],
        "v360": [*program, "-vf", warp, *coder, str(tmp_path / "view.mp4")],
        "decoding": [*program, "-f", "null", "-"],
    }
    commands["crop"] += ["--out", tmp_path / "data"]
    seconds = benchmark.pedantic(in_turn, (commands,), rounds=1)
    benchmark.extra_info["seconds"] = seconds
    benchmark.extra_info["relative_to_ffmpeg"] = seconds["crop"] / seconds["v360"]
    benchmark.extra_info["relative_to_decoding"] = seconds["crop"] / seconds["decoding"]
    assert len(list((tmp_path / "data" / "shards").iterdir())) == 2
