"""What turning 4K panoramas into views costs, beside decoding alone and FFmpeg's v360.

Ratios within one run, of CPU time: the figures of one machine say nothing of another. The file is
short, so that the start of each counts more than in a real one.
"""

import resource
import subprocess
import time

import av
import imageio_ffmpeg
import numpy as np
import pytest

from ambi2binaural.layout import VideoLayout
from ambi2binaural.reading import MediaReader
from ambi2binaural.views import ViewWarp
from simbinaural.geometry import Camera
from simbinaural.video import encode_jpeg

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
    return [encode_jpeg(warp(frame, *views[int(wanted)])) for wanted, _, frame in frames]


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
