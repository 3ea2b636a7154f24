"""FFmpeg as a program of its own: what an independent decoder finds in a file."""

import re
import subprocess

import imageio_ffmpeg
import numpy as np


def ffmpeg(*arguments):
    program = imageio_ffmpeg.get_ffmpeg_exe()
    return subprocess.run(
        [program, "-nostdin", *map(str, arguments)], capture_output=True, check=True
    )


def shown_luma(path):
    """Presentation times of a file's pictures and their mean brightness, as FFmpeg tells them."""
    log = ffmpeg("-i", path, "-an", "-vf", "showinfo", "-f", "null", "-").stderr.decode()
    found = re.findall(r"pts_time:\s*([\d.]+).*?mean:\[(\d+)", log)
    return np.array(found, dtype=float).T


def heard(path, rate=48000):
    """Sound of a file from time 0 on, (2, samples), as FFmpeg plays it."""
    align = "aresample=async=1:first_pts=0"
    raw = ffmpeg("-i", path, "-vn", "-af", align, "-ar", rate, "-f", "f32le", "-").stdout
    return np.frombuffer(raw, np.float32).reshape(-1, 2).T
