"""What follows from options, seed and number alone: lengths, homes, shards."""

from types import SimpleNamespace

import numpy as np
import pytest

from simbinaural.dataset.options import RenderOptions, check_unchanged
from simbinaural.dataset.plan import cast_clip, draw_duration, room_order
from simbinaural.dataset.render import shard_jobs, shard_parts
from simbinaural.errors import InputError

CATALOG = SimpleNamespace(
    classes=("drum", "guitar"),
    objects={"drum": ("d1", "d2"), "guitar": ("g1",)},
    sounds={"drum": ("boom",), "guitar": ("twang", "strum")},
)


def test_lengths_have_the_papers_mean_and_median():
    rng = np.random.default_rng(0)
    lengths = np.array([draw_duration(rng, 5.0) for _ in range(40000)])
    assert np.mean(lengths) == pytest.approx(19.2, abs=0.25)
    assert np.median(lengths) == pytest.approx(15.0, abs=0.25)
    assert lengths.min() >= 5
    assert lengths.max() <= 90
    np.testing.assert_allclose(lengths * 5, np.round(lengths * 5), atol=1e-9)


def test_a_cast_follows_from_seed_and_number():
    options = RenderOptions(seed=3)
    first, again = (cast_clip(options, 7, CATALOG, range(10)) for _ in range(2))
    other = cast_clip(RenderOptions(seed=4), 7, CATALOG, range(10))
    assert first.scenes == again.scenes
    assert first.duration_s == again.duration_s != other.duration_s
    assert first.rngs["sound"].random() == again.rngs["sound"].random()
    assert first.rngs["sound"].random() != first.rngs["plan"].random()


def test_homes_and_rooms_are_well_spread():
    options = RenderOptions()
    casts = [cast_clip(options, index, CATALOG, range(10)) for index in range(120)]
    rooms = [(cast.scenes[0], room_order(cast, 6)[0]) for cast in casts]
    assert len(set(rooms)) == 60
    assert {cast.sound_class for cast in casts} == {"drum", "guitar"}
    assert sorted(room_order(casts[5], 6)) == list(range(6))


def test_an_extension_starts_a_new_shard():
    options = RenderOptions(shard_clips=8)
    jobs = shard_jobs("sim", options, [12, 20])
    ranges = [(job.path.name, job.first, job.last) for job in jobs]
    assert ranges == [("00000.h5", 0, 8), ("00001.h5", 8, 12), ("00002.h5", 12, 20)]


def test_a_part_of_a_shard_is_a_visit_to_a_home():
    shard = shard_jobs("sim", RenderOptions(shard_clips=5), [10])[1]
    parts = [(part.path.name, part.first, part.last) for part in shard_parts(shard)]
    assert parts == [
        ("00001.h5.000005.visit", 5, 6),
        ("00001.h5.000006.visit", 6, 8),
        ("00001.h5.000008.visit", 8, 10),
    ]


def test_other_options_are_named():
    stored = RenderOptions(videos=5).as_json()
    check_unchanged("sim", stored, RenderOptions(videos=6))
    with pytest.raises(InputError, match="--duration was not given, now 10.0; --seed was 0, now 1"):
        check_unchanged("sim", stored, RenderOptions(videos=5, duration_s=10.0, seed=1))
    with pytest.raises(InputError, match="--videos was 5, now 4"):
        check_unchanged("sim", stored, RenderOptions(videos=4))


@pytest.mark.parametrize(
    ("given", "picture"),
    [
        ({}, (480, 240, 90)),
        ({"width": 640}, (640, 240, 90)),
        ({"fov_deg": 60.0}, (480, 240, 60)),
        ({"projection": "equirect"}, (1920, 960, 360)),
        ({"projection": "equirect", "width": 400}, (400, 200, 360)),
        ({"projection": "equirect", "height": 100}, (200, 100, 360)),
        ({"projection": "equirect", "width": 400, "height": 300}, (400, 300, 360)),
    ],
)
def test_pictures_are_completed(given, picture):
    options = RenderOptions(**given)
    camera = options.camera
    assert (camera.width, camera.height, camera.fov_deg) == picture
    assert camera.projection == options.projection
    assert options.viewfinder.projection == "perspective"
    assert RenderOptions.from_json(options.as_json()) == options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"videos": 0}, "videos must be at least 1, got 0"),
        ({"duration_s": 0.5}, "duration_s must be between 1 and 3600 seconds, got 0.5"),
        ({"fps": 0}, "fps must be above 0"),
        ({"sample_rate": 100}, "sample_rate must be between 8000"),
        ({"rir_rate": -1}, "rir_rate must be between 0 and 50"),
        ({"fov_deg": 180}, "fov_deg must be between 1 and 170"),
        ({"width": 0}, "size must be at least 1 x 1"),
        ({"projection": "fisheye"}, "projection must be one of perspective, equirect, got fisheye"),
        ({"projection": "equirect", "fov_deg": 90}, "fov_deg must be 360 for a panorama, got 90"),
        ({"audio": ("foa",)}, "audio must be binaural or binaural,foa, got foa"),
        ({"audio": ()}, "audio must be binaural or binaural,foa, got "),
        ({"seed": -1}, "seed must be at least 0"),
        ({"shard_clips": 0}, "shard_clips must be at least 1"),
        ({"max_distance_m": 0.9}, "max_distance_m must be at least 1 m, got 0.9"),
        ({"directivity": "beam"}, "directivity must be one of forward, omni, got 'beam'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        RenderOptions(**options)
