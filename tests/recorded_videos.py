"""Videos whose pictures tell their number, for tests of what reads them."""

import cv2
import numpy as np
from ffmpeg import ffmpeg

from simbinaural.audio import write_audio
from simbinaural.video import decode_jpeg, write_video

RATE = 16000

BITS = 8


def numbered(number, size=(64, 48)):
    """A picture of `BITS` stripes that are dark or bright: its number in binary."""
    stripes = [60 + 130 * (number >> bit & 1) for bit in range(BITS)]
    row = np.repeat(np.array(stripes, np.uint8), size[0] // BITS)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (*size[::-1], 3)))


def number_of(picture):
    """Number of a picture of `numbered`: an array, or the bytes of a JPEG."""
    if isinstance(picture, bytes):
        picture = np.frombuffer(picture, np.uint8)
    rgb = decode_jpeg(picture) if picture.ndim == 1 else picture
    stripes = rgb.mean(axis=(0, 2)).reshape(BITS, -1).mean(axis=1)
    return sum(int(stripe > 125) << bit for bit, stripe in enumerate(stripes))


def click(duration_s, at_s, ear=0, n_channels=2):
    """Silence with a short loud tone from `at_s` on in one channel."""
    sound = np.zeros((n_channels, round(duration_s * RATE)), np.float32)
    first = round(at_s * RATE)
    sound[ear, first : first + 800] = 0.8 * np.sin(np.arange(800) * 0.4)
    return sound


def write_numbered(path, n_frames=40, *, fps=10.0, size=(64, 48), sound=None):
    """Write a video of `numbered` pictures; by default it clicks in the left ear in its middle."""
    duration_s = n_frames / fps
    sound = click(duration_s, duration_s / 2) if sound is None else sound
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path if path.suffix == ".mp4" else path.with_name(f".{path.name}.mp4")
    write_video(target, [numbered(k, size) for k in range(n_frames)], fps, sound, RATE)
    if target != path:
        codecs = {
            ".webm": ["-c:v", "libvpx-vp9", "-b:v", "1M", "-c:a", "libopus"],
            ".avi": ["-c:v", "mpeg4", "-q:v", "2", "-bf", "2", "-c:a", "pcm_s16le"],
        }
        arguments = codecs.get(path.suffix, ["-c", "copy"])
        ffmpeg("-y", "-v", "error", "-i", target, "-map_metadata", "-1", *arguments, path)
        target.unlink()
    return path


def write_fair_play(folder, n_clips=2, *, pictures=None, fps=30.0, duration_s=2.0):
    """Write a folder as FAIR-Play: sound clicks right at 1 s, the video's own sound is silence.

    With ``pictures`` ("png" or "jpg") frames are taken out, too, 10 a second.
    """
    for number in range(1, n_clips + 1):
        clip_id = f"{number:06d}"
        silence = np.zeros((2, RATE), np.float32)
        video = folder / "videos" / f"{clip_id}.mp4"
        write_numbered(video, round(duration_s * fps), fps=fps, sound=silence)
        sound = folder / "binaural_audios" / f"{clip_id}.wav"
        sound.parent.mkdir(parents=True, exist_ok=True)
        write_audio(sound, click(duration_s, 1.0, ear=1), RATE)
        for frame in range(round(duration_s * 10) if pictures else 0):
            path = folder / "frames" / f"{clip_id}.mp4" / f"{frame + 1}.{pictures}"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), numbered(frame))
    return folder
