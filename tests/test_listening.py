"""Pictures beside the sound: what is not heard yet is waited for, and nothing else is."""

import threading
import time

import numpy as np
import pytest
from recorded_videos import RATE, write_numbered

from ambi2binaural.ahead import beside
from ambi2binaural.cropping import FileCropper
from ambi2binaural.listening import Directions
from ambi2binaural.options import CropOptions
from ambi2binaural.reading import MediaReader
from simbinaural.ambisonics import encode

SECONDS = 9

OPTIONS = CropOptions(clip_s=2, projection="equirect")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Noise from the front, then from the left, then from behind."""
    rng = np.random.default_rng(0)
    parts = [encode(0.1 * rng.standard_normal(3 * RATE), azimuth, 0, 1) for azimuth in (0, 90, 180)]
    sound = np.concatenate(parts, axis=1).astype(np.float32)
    path = tmp_path_factory.mktemp("films") / "ring.mp4"
    return write_numbered(path, 10 * SECONDS, size=(64, 32), sound=sound)


@pytest.fixture
def directions():
    made = Directions()
    yield made
    made.extend([], last=True)  # whoever still waits is let go


def test_directions_are_waited_for(directions):
    asked = [beside(directions.at, second) for second in (0, 1, 2)]
    lasts = beside(directions.last_for, 2)
    directions.extend([(10.0, 5.0, True)])
    assert asked[0].result(60) == (10.0, 5.0)
    assert directions.last_for(1)
    assert not asked[1].done()
    assert not lasts.done()
    directions.extend([(20.0, 5.0, False)], last=True)
    assert asked[1].result(60) == asked[2].result(60) == (20.0, 5.0)
    assert not lasts.result(60)  # the last second may be cut short


def test_without_sound_there_is_a_direction(directions):
    directions.extend([], last=True)
    assert directions.at(3) == (0.0, 0.0)
    assert not directions.last_for(1)


class SlowSound:
    """Sound of which no more than some seconds come until the rest is let go."""

    def __init__(self, monkeypatch, seconds):
        self.rest, self.n_blocks, read = threading.Event(), 0, MediaReader.sound

        def sound(reader, *arguments):
            for block in read(reader, *arguments):
                if self.n_blocks >= seconds:
                    assert self.rest.wait(60)
                self.n_blocks += 1
                yield block

        monkeypatch.setattr(MediaReader, "sound", sound)


def test_pictures_wait_for_their_own_second_of_sound_only(film, monkeypatch):
    expected = list(FileCropper(film, OPTIONS).clips())
    slow = SlowSound(monkeypatch, 4)
    viewed, at = threading.Semaphore(0), Directions.at

    def tell(directions, second):
        found = at(directions, second)
        viewed.release()
        return found

    monkeypatch.setattr(Directions, "at", tell)
    clips = beside(list, FileCropper(film, OPTIONS).clips())
    for _ in range(4 * 8):
        assert viewed.acquire(timeout=60)  # the pictures of all that is heard
    time.sleep(0.2)
    assert not viewed.acquire(blocking=False)
    assert slow.n_blocks == 4
    slow.rest.set()
    for found, clip in zip(clips.result(60), expected, strict=True):
        for name, values in clip.arrays.items():
            for one, other in zip(found.arrays[name], values, strict=True):
                np.testing.assert_array_equal(one, other)


def test_who_leaves_early_waits_for_no_more_sound(film, monkeypatch):
    slow = SlowSound(monkeypatch, 2)

    def leave(*_):
        threading.Timer(0.5, slow.rest.set).start()
        raise KeyboardInterrupt

    monkeypatch.setattr(FileCropper, "_clips", leave)
    cropper = FileCropper(film, OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        next(cropper.clips())
    time.sleep(0.5)
    assert slow.n_blocks <= 4  # of 9
