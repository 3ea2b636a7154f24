"""What a 360-degree video holds: declared, by shape, by content; and what is refused."""

import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from ffmpeg import ffmpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from ambi2binaural.boxes import GSPHERICAL
from ambi2binaural.channels import find_audio_layout
from ambi2binaural.declaration import Declaration, declare_gspherical
from ambi2binaural.description import describe
from ambi2binaural.info import measure, render_info
from ambi2binaural.layout import AudioLayout, Overrides
from ambi2binaural.media import SampleReader, open_media, read_declaration
from ambi2binaural.pictures import find_video_layout
from ambi2binaural.seams import SMOOTH, eyes, half, likeness, recognize, roughness
from simbinaural.ambisonics import convert, encode
from simbinaural.boxes import boxes, find_boxes, make_box, make_full_box, splice
from simbinaural.errors import InputError
from simbinaural.geometry import Camera, direction_vectors, pixel_vectors
from simbinaural.spherical import (
    SpatialAudio,
    insert_boxes,
    pack_spatial_audio,
    write_spherical_boxes,
)

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "ambisonic"
RATE = 48000
SQUARE = (3840, 1920, 1.0)
WHOLE = {"projection": "equirect", "stereo": "mono"}
WIDE = (1920, 1080, 1.0)


def tones(channels, seconds=0.3):
    """A tone of its own in every channel, 300 Hz apart."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.array([0.2 * np.sin(2 * np.pi * 300 * (k + 1) * time) for k in range(channels)])


def make_file(path, sound, codec="pcm_s16le", *options, size="64x32"):
    """A short video with sound (channels, samples), whose layout no coder knows."""
    raw = path.with_suffix(".raw")
    np.asarray(sound, np.float32).T.tofile(raw)
    video = "libvpx" if path.suffix == ".webm" else "libx264"
    ffmpeg(
        *("-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=0.3"),
        *("-f", "f32le", "-ar", RATE, "-ac", len(sound), "-i", raw),
        *("-c:v", video, "-c:a", codec, *options, path),
    )
    return path


def heard(description):
    """All samples in file order, as `open_media` and `SampleReader` give them."""
    read = SampleReader()
    with open_media(description.audio_path) as container:
        track = container.streams.audio[description.audio_track]
        return np.concatenate([read(frame) for frame in container.decode(track)], axis=1)


def order_of_tones(samples):
    """Which tone each channel holds."""
    middle = samples[:, 3000:12600] * np.hanning(9600)
    peaks = np.argmax(np.abs(np.fft.rfft(middle, axis=1)), axis=1)
    return [round(peak * RATE / 9600 / 300) - 1 for peak in peaks]


@cache
def panorama(width=512, height=256):
    """Gray equirectangular picture of a smooth, rough and unsymmetrical world."""
    vectors = pixel_vectors(Camera(width, height, 360, "equirect"))
    rng = np.random.default_rng(3)
    waves = rng.normal(size=(60, 3)) * 6
    phases = rng.uniform(0, 2 * np.pi, 60)
    values = np.cos(vectors @ waves.T + phases).mean(axis=-1)
    return (128 + 90 * values / np.abs(values).max()).astype(np.uint8)


def projected(tmp_path, kind, width=480, height=270):
    """The panorama in another projection, made by FFmpeg: (1, height, width)."""
    source, target = tmp_path / "panorama.png", tmp_path / f"{kind}.png"
    cv2.imwrite(str(source), panorama())
    turned = f"v360=e:{kind}:w={width}:h={height}" if kind != "e" else f"scale={width}:{height}"
    ffmpeg("-y", "-i", source, "-vf", f"{turned},format=gray", target)
    return cv2.imread(str(target), cv2.IMREAD_GRAYSCALE)[None].astype(float)


# --------------------------------------------------------------------------- channels


@pytest.mark.parametrize(
    ("name", "codec", "channels", "options"),
    [
        ("a.mov", "pcm_s16le", 4, ()),
        ("a.mp4", "aac", 4, ("-b:a", "256k")),
        ("a.mp4", "flac", 4, ()),
        ("a.mp4", "libopus", 4, ("-mapping_family", "255")),
        ("a.mkv", "libvorbis", 4, ()),
        ("a.mkv", "pcm_s16le", 6, ()),
        ("a.webm", "libopus", 6, ("-mapping_family", "2")),
        ("a.mov", "pcm_s16le", 9, ()),
        ("a.webm", "libopus", 11, ("-mapping_family", "2")),
        ("a.mkv", "libvorbis", 16, ()),
        ("a.mov", "pcm_s16le", 18, ()),
    ],
)
def test_containers_codecs_and_counts(tmp_path, name, codec, channels, options):
    path = make_file(tmp_path / name, tones(channels), codec, *options)
    description = describe(path)
    order, locked = {
        4: (1, 0), 6: (1, 2), 9: (2, 0), 11: (2, 2), 16: (3, 0), 18: (3, 2)
    }[channels]  # fmt: skip
    assert description.audio.order == order
    assert description.audio.channel_map == tuple(range((order + 1) ** 2))
    assert description.audio.head_locked == tuple(range(channels - locked, channels))
    assert (description.n_channels, description.sample_rate) == (channels, RATE)
    assert (description.width, description.height, description.fps) == (64, 32, 10)
    assert description.video.projection == "equirect"
    assert 0.25 < description.duration_s < 0.4
    assert order_of_tones(heard(description)) == list(range(channels))
    if options == ("-mapping_family", "2"):
        assert description.audio.how["ordering"].startswith("metadata: opus ambisonic")


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "pcm_s16le"), ("a.mp4", "flac"), ("a.mp4", "aac")]
)
def test_channel_map_is_followed_and_kills_nobody(tmp_path, name, codec):
    # File channels W, X, Y, Z: their components by ACN.
    path = make_file(tmp_path / name, tones(4), codec)
    write_spherical_boxes(path, channel_map=(0, 3, 1, 2))
    # In a process of its own: what is tested against ends the process.
    script = f"""
from ambi2binaural.description import describe
from ambi2binaural.media import open_media
found = describe({str(path)!r})
with open_media(found.path) as container:
    count = sum(frame.to_ndarray().size for frame in container.decode(audio=0))
print(found.audio.channel_map, found.audio.how["channel_map"], count > 50000, *found.notes)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.stdout.startswith("(0, 2, 3, 1) metadata: SA3D True SA3D maps"), run.stderr
    assert run.returncode == 0


def test_map_in_a_damaged_entry_is_hidden_too(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(4))
    write_spherical_boxes(path, channel_map=(0, 3, 1, 2))
    content = bytearray(path.read_bytes())
    # A neighbor of SA3D that ends too late: a strict walk gives up the entry, FFmpeg does not.
    content[content.rindex(b"SA3D") - 4 - 19 - 5] ^= 0x80
    path.write_bytes(content)
    assert b"SA3D" in {bytes(content[at : at + 4]) for at in read_declaration(path).hidden}
    # Nor is the first box a strict reader's.
    content[4:8] = b"????"
    path.write_bytes(content)
    assert b"SA3D" in {bytes(content[at : at + 4]) for at in read_declaration(path).hidden}


def test_declared_head_locked_stereo(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(6))
    write_spherical_boxes(path, n_channels=6, channel_map=(4, 5, 0, 1, 2, 3))
    audio = describe(path).audio
    assert (audio.channel_map, audio.head_locked) == ((2, 3, 4, 5), (0, 1))
    samples = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(audio.to_ambix(samples)[:, 0], [2, 3, 4, 5])
    np.testing.assert_array_equal(audio.to_head_locked(samples)[:, 0], [0, 1])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (SpatialAudio(1, (0, 1, 2)), "SA3D must fit 4 channels, got order 1 and a map of 3"),
        (SpatialAudio(2, (0, 1, 2, 3)), "SA3D must fit 4 channels, got order 2 and a map of 4"),
        (SpatialAudio(9**9, (0, 1, 2, 3)), "SA3D must fit 4 channels, got order 387420489"),
        (SpatialAudio(1, (0, 1, 2, 9)), r"SA3D must name each component once, got \(0, 1, 2, 9\)"),
        (SpatialAudio(1, (0, 0, 0, 0)), "SA3D must name each component once"),
        (SpatialAudio(1, (0, 1, 2, 3), ordering=1), "SA3D must have ordering 0 .*, got 1, 0, 0;"),
    ],
)
def test_map_that_cannot_be_is_one_line(tmp_path, declared, message):
    path = make_file(tmp_path / "a.mov", tones(4))
    insert_boxes(path, {b"soun": [pack_spatial_audio(declared)]})
    with pytest.raises(InputError, match=rf"a\.mov: {message}"):
        describe(path)
    assert describe(path, overrides=Overrides(ordering="acn")).audio.channel_map == (0, 1, 2, 3)


@given(st.sampled_from(["n3d", "fuma"]), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_to_ambix_undoes_every_convention(convention, order, seed):
    ambix = np.random.default_rng(seed).normal(size=((order + 1) ** 2, 5)).astype(np.float32)
    overrides = {
        "n3d": Overrides(normalization="n3d"),
        "fuma": Overrides(ordering="fuma"),
    }[convention]
    layout = find_audio_layout(len(ambix), None, overrides)
    np.testing.assert_allclose(
        layout.to_ambix(convert(ambix, "ambix", convention)), ambix, rtol=1e-5, atol=1e-6
    )
    assert layout.to_head_locked(ambix).shape == (0, 5)


def test_youtube_surround_is_told_by_its_silent_channels(tmp_path):
    # AAC's center, right, left surround, left hold W, Y, Z, X; the decoder gives L R C LFE Ls Rs.
    w, y, z, x = tones(4, 0.6)
    nothing = np.zeros_like(w)
    surround = np.array([x, y, w, nothing, z, nothing])
    path = make_file(tmp_path / "a.mp4", surround, "aac", "-b:a", "384k")
    found = describe(path)
    assert found.audio.channel_map == (2, 1, 4, 0)
    assert found.audio.how["channel_map"].startswith("content: AAC 5.1")
    assert order_of_tones(found.audio.to_ambix(heard(found))) == [0, 1, 2, 3]


def test_surround_coders_are_suspected(tmp_path):
    found = describe(make_file(tmp_path / "a.mp4", tones(6), "aac", "-b:a", "384k"))
    assert found.audio.channel_map == (0, 1, 2, 3)
    assert (
        "aac 5.1 keeps only the bass of channel 4: if X is there, the front is lost" in found.notes
    )


def test_channels_by_option():
    assert find_audio_layout(8, None, Overrides(channels=4)).channel_map == (0, 1, 2, 3)
    assert find_audio_layout(6, None, Overrides(channels=4)).head_locked == (4, 5)
    with pytest.raises(InputError, match=r"sound has 8 channels, expected 9 \(--channels\)"):
        find_audio_layout(8, None, Overrides(channels=9))


@pytest.mark.parametrize(
    ("channels", "named"),
    [(0, "no channel,"), (1, "1 channel,"), (2, "2 channels,"), (3, "3 channels, expected 4")],
)
def test_too_few_channels(channels, named):
    with pytest.raises(InputError, match=f"sound has {named}"):
        find_audio_layout(channels, None, Overrides())


def test_channels_that_fit_no_order():
    with pytest.raises(InputError, match=r"sound has 8 channels, expected 4, 9, 16 … .*--channels"):
        find_audio_layout(8, None, Overrides())
    with pytest.raises(InputError, match="ordering must be acn above third order, got fuma and o"):
        find_audio_layout(25, None, Overrides(ordering="fuma"))


def test_overrides_refuse():
    for name, value in {
        "projection": "fish",
        "stereo": "3d",
        "ordering": "ambix",
        "normalization": "maxn",
    }.items():
        with pytest.raises(InputError, match=f"{name} must be one of .*, got {value}"):
            Overrides(**{name: value})
    with pytest.raises(InputError, match="channels must be one of 4, 9, .* 64, got 5"):
        Overrides(channels=5)
    with pytest.raises(InputError, match="tilt must be yaw, pitch, roll in degrees"):
        Overrides(tilt=(1, np.nan, 2))


def test_second_track_is_taken_where_it_has_the_channels(tmp_path):
    # As some cameras record: stereo first, ambisonics behind it.
    stereo = make_file(tmp_path / "stereo.mov", tones(2))
    field = make_file(tmp_path / "field.mov", tones(4))
    both = tmp_path / "both.mov"
    maps = ("-map", "0:v", "-map", "0:a", "-map", "1:a")
    ffmpeg("-i", stereo, "-i", field, *maps, "-c", "copy", both)
    found = describe(both)
    assert (found.audio_track, found.n_channels) == (1, 4)
    assert "sound track 2 of 2 is taken: it has the channels" in found.notes
    assert len(heard(found)) == 4


# --------------------------------------------------------------------------- pictures


def layout_of(declared=None, shape=SQUARE, pictures=None, **overrides):
    def look():
        assert pictures is not None, "content was asked for"
        return np.asarray(pictures)

    values = {name: (value, "metadata: test") for name, value in (declared or {}).items()}
    return find_video_layout(values, shape, look, Overrides(**overrides))


@pytest.mark.parametrize(
    ("shape", "stereo"),
    [
        ((3840, 1920, 1.0), "mono"),
        ((3840, 3840, 1.0), "top-bottom"),
        ((7680, 1920, 1.0), "left-right"),
    ],
)
def test_shape_tells(shape, stereo):
    layout = layout_of(shape=shape, pictures=np.zeros((0, 192, 384)))
    assert (layout.projection, layout.stereo) == ("equirect", stereo)
    assert layout.how["projection"].startswith(f"shape: {shape[0]} x {shape[1]} is ")


def test_metadata_beats_shape_and_options_beat_metadata():
    declared = {"projection": "cubemap", "stereo": "left-right", "tilt": (1, 2, 3)}
    layout = layout_of(declared)
    assert (layout.projection, layout.stereo, layout.tilt) == ("cubemap", "left-right", (1, 2, 3))
    assert layout.how["projection"] == "metadata: test"
    layout = layout_of(declared, projection="eac", stereo="mono", tilt=(0, 0, 0))
    assert (layout.projection, layout.stereo, layout.tilt) == ("eac", "mono", (0, 0, 0))
    assert set(layout.how.values()) == {"option"}


def test_bounds_belong_to_their_projection():
    declared = {"projection": "equirect", "bounds": (0.1, 0, 0, 0)}
    assert layout_of(declared).bounds == (0.1, 0, 0, 0)
    assert layout_of(declared, projection="equirect").bounds == (0.1, 0, 0, 0)
    assert layout_of(declared, projection="eac").bounds == (0, 0, 0, 0)


def test_right_eye_first():
    assert layout_of({"stereo": "right-left"}, (7680, 1920, 1.0)).projection == "equirect"
    assert layout_of({"projection": "equirect", "stereo": "right-left"}).stereo == "right-left"
    layout = layout_of({"projection": "equirect", "stereo": "bottom-top"})
    assert layout.stereo == "top-bottom"
    assert layout.notes == ("the right eye's picture lies above: it is taken",)


@pytest.mark.parametrize(("kind", "name"), [("e", "equirect"), ("eac", "eac"), ("c3x2", "cubemap")])
def test_seams_tell_projections(tmp_path, kind, name):
    pictures = projected(tmp_path, kind)
    assert recognize(pictures) == (name, True)
    scores = {each: roughness(pictures, each) for each in ("equirect", "eac", "cubemap")}
    assert scores.pop(name) < 2.5 < min(scores.values())
    layout = layout_of(shape=WIDE, pictures=pictures)
    assert (layout.projection, layout.stereo) == (name, "mono")
    assert layout.how["projection"] == "content: seams fit"


def test_half_a_sphere_has_poles_but_edges_that_do_not_fit():
    azimuth, elevation = np.meshgrid(np.linspace(90, -90, 384), np.linspace(90, -90, 192))
    right, up = np.moveaxis(direction_vectors(azimuth, elevation), -1, 0)[:2]
    texture = np.random.default_rng(0).normal(size=(192, 384)) * np.cos(np.radians(elevation))
    picture = 128 + 60 * right + 60 * up + 10 * texture
    assert roughness(picture[None], "equirect") > SMOOTH
    whole = np.concatenate([picture, picture[:, ::-1]], axis=1)
    assert roughness(whole[None], "equirect") < 1


def test_likeness_tells_eyes(tmp_path):
    one = projected(tmp_path, "e", 240, 136)
    other = np.roll(one, 3, axis=2)
    above, beside = np.concatenate([one, other], 1), np.concatenate([one, other], 2)
    assert [eyes(each) for each in (one, above, beside)] == ["mono", "top-bottom", "left-right"]
    np.testing.assert_array_equal(half(above, "top-bottom", second=True), other)
    np.testing.assert_array_equal(half(beside, "left-right"), one)
    assert layout_of(shape=WIDE, pictures=above).stereo == "top-bottom"


def test_two_half_spheres_side_by_side_are_no_whole_one(tmp_path):
    one = projected(tmp_path, "e")
    near = np.roll(one, 3, axis=2)
    squeezed = np.concatenate([one[..., ::2], near[..., ::2]], axis=2)
    above = np.concatenate([one[:, ::2], near[:, ::2]], axis=1)
    wide, square = (3840, 1920, 1.0), (3840, 3840, 1.0)
    for shape, option in ((wide, "mono"), (square, "top-bottom")):
        told = rf"alike left and right \(shape: .* a 180° video; pass --stereo {option} if it does"
        with pytest.raises(InputError, match=told):
            layout_of(shape=shape, pictures=squeezed)
        assert layout_of(shape=shape, pictures=squeezed, stereo=option).stereo == option
        assert layout_of(shape=shape, projection="equirect").projection == "equirect"
    assert layout_of(shape=wide, pictures=one).stereo == "mono"
    assert layout_of(shape=square, pictures=above).stereo == "top-bottom"


def test_sky_above_ground_makes_no_two_eyes():
    rng = np.random.default_rng(0)
    picture = np.linspace(230, 20, 192)[:, None] + rng.normal(0, 8, (1, 192, 384))
    assert eyes(picture) == "left-right"
    assert likeness(picture, "left-right") < 0.1
    assert layout_of(shape=(3840, 1920, 1.0), pictures=picture).stereo == "mono"
    assert likeness(np.full((1, 4, 4), 9), "left-right") == 0


def test_pixels_that_are_not_square_ask_for_content(tmp_path):
    shape = (1280, 720, 1.125)
    assert layout_of(shape=shape, pictures=projected(tmp_path, "eac")).projection == "eac"
    black = np.zeros((1, 192, 384))
    layout = layout_of(shape=shape, pictures=black)
    assert layout.how["projection"] == "shape: 1280 x 720, pixels 1.125:1, is 2:1"


@pytest.mark.parametrize("pictures", [np.zeros((3, 192, 384)), np.zeros((0, 192, 384))])
def test_a_guess_says_so(pictures):
    layout = layout_of(shape=WIDE, pictures=pictures)
    assert layout.how["projection"] == "guess: 1920 x 1080, and no seams fit"
    assert "nothing tells the projection for sure; pass --projection and --stereo" in layout.notes
    stretched = layout_of(shape=(540, 540, 1.125), pictures=pictures)
    assert stretched.how["projection"] == "guess: 540 x 540, pixels 1.125:1, and no seams fit"


def test_mesh_is_youtubes_cube_or_refused(tmp_path):
    layout = layout_of({"projection": "mesh"}, WIDE, projected(tmp_path, "eac"))
    assert layout.how["projection"] == "metadata: test; content: seams fit"
    with pytest.raises(InputError, match="got a mesh other than YouTube's cube, as 180° videos"):
        layout_of({"projection": "mesh"}, WIDE, projected(tmp_path, "e"))


def test_half_a_sphere_is_refused():
    with pytest.raises(InputError, match="whole sphere, got 180° of the horizon .*: a 180° video"):
        layout_of({"projection": "equirect", "bounds": (0.25, 0, 0.25, 0)})
    with pytest.raises(InputError, match=r"got a 180° video \(option\); pass --projection"):
        layout_of(projection="equirect180")
    with pytest.raises(InputError, match=r"got a fisheye video \(metadata: test\)"):
        layout_of({"projection": "fisheye"})


# --------------------------------------------------------------------------- metadata of files


def gspherical(**tags):
    inside = "".join(
        f"<GSpherical:{name}>\n {value} </GSpherical:{name}>" for name, value in tags.items()
    )
    return f"<rdf:SphericalVideo>{inside}</rdf:SphericalVideo>".encode()


XML = gspherical(
    Spherical="true",
    ProjectionType="equirectangular",
    StereoMode="top-bottom",
    FullPanoWidthPixels=2000,
    FullPanoHeightPixels=1000,
    CroppedAreaImageWidthPixels=1800,
    CroppedAreaImageHeightPixels=700,
    CroppedAreaLeftPixels=100,
    CroppedAreaTopPixels=200,
)


def add_to_track(path, box):
    """Put a box at the end of the first track of a file whose index comes last."""
    content = bytearray(path.read_bytes())
    assert [each.kind for each in boxes(content)][-1] == b"moov"
    chain = find_boxes(content, (b"moov", b"trak"))[0]
    splice(content, chain, chain[-1].end, 0, box)
    path.write_bytes(content)


def test_gspherical_in_mp4(tmp_path):
    path = make_file(tmp_path / "a.mp4", tones(4), "flac")
    add_to_track(path, make_box(b"uuid", GSPHERICAL, XML))
    video = describe(path).video
    assert (video.projection, video.stereo) == ("equirect", "top-bottom")
    np.testing.assert_allclose(video.bounds, (0.05, 0.2, 0.05, 0.1))
    assert video.how["bounds"] == "metadata: GSpherical"
    # The second metadata counts more than the first.
    write_spherical_boxes(path, stereo="left-right")
    assert describe(path).video.how["stereo"] == "metadata: st3d"


def test_gspherical_in_matroska(tmp_path):
    path = make_file(tmp_path / "a.mkv", tones(4), "flac")
    tagged = tmp_path / "b.mkv"
    ffmpeg("-i", path, "-c", "copy", "-metadata:s:v", f"spherical-video={XML.decode()}", tagged)
    video = describe(tagged).video
    assert video.stereo == "top-bottom"
    np.testing.assert_allclose(video.bounds, (0.05, 0.2, 0.05, 0.1))


def test_gspherical_that_says_nothing():
    for tags in (
        {},
        {"Spherical": "false", "ProjectionType": "equirectangular"},
    ):
        declaration = Declaration()
        declare_gspherical(declaration, gspherical(**tags))
        assert declaration == Declaration()
    declaration = Declaration()
    declare_gspherical(declaration, gspherical(Spherical="true", ProjectionType="cylindrical"))
    assert declaration.notes == ["GSpherical has the unknown projection 'cylindrical'"]
    declaration = Declaration()
    declare_gspherical(declaration, XML.replace(b"1800", b"2800"))
    assert declaration.values["bounds"][0] == (0, 0, 0, 0)


@pytest.mark.parametrize("name", ["a.mkv", "a.webm"])
@pytest.mark.parametrize(
    ("projection", "stereo", "named"),
    [("equirect", "top-bottom", "top_bottom"), ("cubemap", "left-right", "left_right")],
)
def test_matroska_says_what_mp4_said(tmp_path, name, projection, stereo, named):
    codecs = ("libopus", "-mapping_family", "255", "-c:v", "libvpx-vp9")
    path = make_file(tmp_path / "a.mp4", tones(4), *codecs)
    tilt = (10, -20, 5.5)
    write_spherical_boxes(path, projection=projection, stereo=stereo, tilt=tilt)
    copy = tmp_path / name
    ffmpeg("-i", path, "-c", "copy", "-metadata:s:v", f"stereo_mode={named}", copy)
    video, again = describe(path).video, describe(copy).video
    assert again == video
    assert (video.projection, video.stereo, video.tilt) == (projection, stereo, tilt)
    assert video.how["tilt"] == "metadata: sv3d"
    assert again.how["tilt"] == "metadata: Matroska Projection"
    assert again.how["stereo"] == "metadata: Matroska StereoMode"


def test_apples_half_sphere_is_refused(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(4))
    half_sphere = make_box(b"vexu", make_box(b"proj", make_full_box(b"prji", b"hequ")))
    insert_boxes(path, {b"vide": [half_sphere]})
    with pytest.raises(
        InputError, match=r"a\.mov: video must show .* a 180° video \(metadata: vexu"
    ):
        describe(path)


def test_damaged_box_is_passed_over(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(4))
    insert_boxes(path, {b"vide": [make_box(b"sv3d", b"nothing")], b"soun": [make_box(b"SA3D")]})
    found = describe(path)
    assert (found.video.projection, found.audio.order) == ("equirect", 1)
    assert "box sv3d was passed over: sv3d must hold one of equi, cbmp, mshp, ytmp, got none" in (
        found.notes
    )
    assert any(note.startswith("box SA3D was passed over") for note in found.notes)


# --------------------------------------------------------------------------- bad files


def test_files_refuse(tmp_path):
    whole = make_file(tmp_path / "a.mp4", tones(4), "flac")
    with pytest.raises(InputError, match=r"none\.mp4: file must exist"):
        describe(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match=r"empty\.mp4: file must not be empty, got 0 bytes"):
        describe(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(InputError, match=r"text\.mp4: file must be a video or a sound, got Inv"):
        describe(tmp_path / "text.mp4")
    ffmpeg("-i", whole, "-an", "-c", "copy", tmp_path / "mute.mp4")
    with pytest.raises(InputError, match=r"mute\.mp4: file must have a sound track, got none; pas"):
        describe(tmp_path / "mute.mp4")
    ffmpeg("-i", whole, "-vn", "-c", "copy", tmp_path / "blind.mp4")
    with pytest.raises(InputError, match=r"blind\.mp4: file must have pictures, got none"):
        describe(tmp_path / "blind.mp4")
    with pytest.raises(InputError, match=r"stereo\.mov: sound has 2 channels, expected 4 \(first"):
        describe(make_file(tmp_path / "stereo.mov", tones(2)))


def test_lengths_that_differ_are_told_in_matroska_too(tmp_path):
    short = make_file(tmp_path / "short.mkv", tones(4, 1))
    both = tmp_path / "both.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=64x32:rate=10:duration=3")
    ffmpeg(*picture, "-i", short, "-map", "0:v", "-map", "1:a", "-c:a", "copy", both)
    found = describe(both)
    assert found.notes == ("picture lasts 3.0 s and sound 1.0 s: the shorter counts",)
    assert found.duration_s == pytest.approx(1)


def test_separate_sound(tmp_path):
    whole = make_file(tmp_path / "a.mp4", tones(4), "flac")
    sound = tmp_path / "a.m4a"
    make_file(tmp_path / "b.mkv", tones(9, 1.5))
    ffmpeg("-i", whole, "-vn", "-c", "copy", "-f", "mp4", sound)
    ffmpeg("-i", whole, "-an", "-c", "copy", tmp_path / "mute.mp4")
    found = describe(tmp_path / "mute.mp4", audio=sound)
    assert (found.audio_path, found.audio.order, found.codecs) == (sound, 1, ("h264", "flac"))
    longer = describe(tmp_path / "mute.mp4", audio=tmp_path / "b.mkv")
    assert longer.audio.order == 2
    assert "picture lasts 0.3 s and sound 1.5 s: the shorter counts" in longer.notes
    with pytest.raises(InputError, match=r"none\.wav: file must exist"):
        describe(whole, audio=tmp_path / "none.wav")


def test_unknown_codecs_and_titles(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(4))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"VideoHandler", b"Vid\xffoHandler"))
    assert describe(path).audio.order == 1
    path.write_bytes(whole.replace(b"lpcm", b"nono"))
    with pytest.raises(InputError, match=r"a\.mov: sound must be of a codec that FFmpeg decodes"):
        describe(path)
    path.write_bytes(whole.replace(b"avc1", b"nono"))
    with pytest.raises(InputError, match=r"a\.mov: file must have pictures, got none"):
        describe(path)


def test_cut_off_files(tmp_path):
    last = make_file(tmp_path / "last.mp4", tones(4), "flac")
    last.write_bytes(last.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"last\.mp4: file must hold its index \(moov\), got none"):
        describe(last)
    first = make_file(tmp_path / "first.mp4", tones(4), "flac", "-movflags", "+faststart")
    first.write_bytes(first.read_bytes()[:-500])
    assert describe(first).notes[0] == "file is cut off: 500 bytes are missing"
    stream = make_file(tmp_path / "a.mkv", tones(4))
    stream.write_bytes(stream.read_bytes()[:-500])
    assert describe(stream).audio.order == 1


@cache
def whole_files(folder):
    """Small files that declare all there is."""
    path = make_file(folder / "a.mov", tones(4, 0.05))
    write_spherical_boxes(path)
    add_to_track(path, make_box(b"uuid", GSPHERICAL, XML))
    ffmpeg("-i", path, "-c", "copy", folder / "a.mkv")
    return path.read_bytes(), (folder / "a.mkv").read_bytes()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_metadata_is_an_input_error_at_most(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "whole"
    folder.mkdir(exist_ok=True)
    content = bytearray(data.draw(st.sampled_from(whole_files(folder))))
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(min_size=1, max_size=8))
        content[place : place + len(new)] = new
    damaged = folder / "damaged"
    damaged.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        declaration = read_declaration(damaged)
    except InputError as error:
        assert str(error).startswith(str(damaged))  # noqa: PT017 - it may or may not be raised
    else:
        assert all(0 < at < len(content) for at in declaration.hidden)


def test_unknown_sizes_and_loops_in_matroska_end(tmp_path):
    segment, cluster = bytes.fromhex("18538067"), bytes.fromhex("1f43b675")
    head = bytes.fromhex("1a45dfa380") + segment + bytes.fromhex("01ffffffffffffff")
    path = tmp_path / "a.mkv"
    for rest in (cluster + bytes.fromhex("01ffffffffffffff"), b"\xec\x80" * 100, b"\0" * 50, b""):
        path.write_bytes(head + rest)
        assert read_declaration(path) == Declaration()


def test_boxes_of_every_size_form_are_read(tmp_path):
    path = make_file(tmp_path / "a.mov", tones(4))
    write_spherical_boxes(path, channel_map=(0, 3, 1, 2))
    content = path.read_bytes()
    index = next(box for box in boxes(content) if box.kind == b"moov")
    moov = content[index.body : index.end]
    assert index.end == len(content)
    for header in struct.pack(">I4sQ", 1, b"moov", 16 + len(moov)), struct.pack(">I4s", 0, b"moov"):
        path.write_bytes(content[: index.start] + header + moov)
        found = describe(path)
        assert found.audio.channel_map == (0, 2, 3, 1)
        assert order_of_tones(heard(found)) == [0, 1, 2, 3]


# --------------------------------------------------------------------------- info


def field(azimuth=0.0, elevation=0.0):
    """A plane wave, seen by a first-order microphone."""
    noise = np.random.default_rng(0).normal(size=RATE) * 0.1
    return encode(noise, azimuth, elevation)


def measured(tmp_path, sound, **overrides):
    path = make_file(tmp_path / "a.mov", sound)
    return measure(describe(path, overrides=Overrides(**overrides)))


def test_measures_of_plane_waves(tmp_path):
    wave = field(30, 40)
    found = measured(tmp_path, wave)
    np.testing.assert_allclose(found.w_ratio, 1, rtol=1e-3)
    np.testing.assert_allclose(found.energy, np.mean(wave**2, axis=1), rtol=1e-3)
    np.testing.assert_allclose(found.peak_db, 20 * np.log10(np.abs(wave).max()), atol=0.01)
    np.testing.assert_allclose(found.duration_s, 1)
    assert (found.silent_z, found.notes) == (False, ())


def test_notes_of_suspicious_sounds(tmp_path):
    assert measured(tmp_path, field(30, 0)).notes == ("Z is silent: elevation is meaningless",)
    assert measured(tmp_path, np.zeros((4, RATE))).notes == ("sound is silent",)
    fuma, n3d = (convert(field(30, 40), "ambix", name) for name in ("fuma", "n3d"))
    (note,) = measured(tmp_path, fuma).notes
    assert note == "W ratio 2.00 is suspicious: 1 in SN3D; FuMa (--layout fuma) would explain it"
    assert measured(tmp_path, fuma, ordering="fuma").notes == ()
    (note,) = measured(tmp_path, n3d).notes
    assert "W ratio 3.00 is suspicious: 1 in SN3D; N3D (--layout n3d) would explain it" in note
    assert measured(tmp_path, n3d, normalization="n3d").notes == ()
    (note,) = measured(tmp_path, field(30, 40)[[1, 0, 2, 3]] * [[0], [1], [1], [1]]).notes
    assert note == "W is silent, other channels are not: their order is not that"
    (note,) = measured(tmp_path, field(30, 40) * [[0.2], [1], [1], [1]]).notes
    assert note == "W ratio 25 is suspicious: 1 in SN3D; the order may not be that"


def test_info_says_every_field_and_how(tmp_path):
    path = make_file(tmp_path / "a.mov", np.vstack([field(30, 0), tones(2, 1)]))
    write_spherical_boxes(path, n_channels=6, tilt=(10, -20, 5.5), bounds=(0.1, 0, 0.2, 0))
    text = render_info(describe(path, overrides=Overrides(stereo="top-bottom")))
    for line in (
        f"{path}: 0.3 s",
        "  picture: h264, 64 x 32, 10 fps",
        "    projection: equirect (metadata: sv3d)",
        "    stereo: top-bottom (option)",
        "    tilt: yaw 10°, pitch -20°, roll 5.5° (metadata: sv3d)",
        "    bounds: left 10.0%, right 20.0% cropped off (metadata: sv3d)",
        "    order: 1 (metadata: SA3D)",
        "    ordering: acn (metadata: SA3D)",
        "    normalization: sn3d (metadata: SA3D)",
        "    channel map: 0 1 2 3 (metadata: SA3D)",
        "    head locked: 4 5 (metadata: SA3D)",
        "  note: Z is silent: elevation is meaningless",
    ):
        assert line in text.splitlines(), line
    assert "sound: pcm_s16le, 48000 Hz, 6 channels" in text
    assert "measured on 1.0 s: peak -" in text


# --------------------------------------------------------------------------- real files


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not here")
def test_real_recordings(tmp_path):
    squeezed = SHARED / "equirectangular_1280x720_silent.mp4"
    found = describe(squeezed, audio=SHARED / "ambix_metronome.caf")
    assert (found.video.projection, found.video.stereo) == ("equirect", "mono")
    assert found.video.how["projection"] == "content: seams fit"
    assert measure(found).notes in ((), ("Z is silent: elevation is meaningless",))
    cube = tmp_path / "eac.mp4"
    options = ("-vf", "v360=e:eac:w=640:h=360,setsar=1", "-preset", "ultrafast", "-t", "1")
    ffmpeg("-i", squeezed, *options, cube)
    assert describe(cube, audio=SHARED / "ambix_metronome.caf").video.projection == "eac"
    fuma = describe(
        squeezed, audio=SHARED / "fuma_recording_1.ogg", overrides=Overrides(ordering="fuma")
    )
    assert fuma.audio.channel_map == (0, 2, 3, 1)
    with pytest.raises(InputError, match=r"stereo\.mp4: sound has 2 channels"):
        describe(SHARED / "equirectangular_2048x1024_stereo.mp4")


def test_layouts_can_be_keys():
    assert len({AudioLayout(how={"order": "option"}), AudioLayout()}) == 1
    assert hash(layout_of(WHOLE)) == hash(layout_of(WHOLE))
