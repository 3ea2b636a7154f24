"""Boxes of MP4 files, and those that tell of panoramas and ambisonics; FFmpeg reads them back."""

import io
import re
import struct

import numpy as np
import pytest
from ffmpeg import ffmpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.boxes import boxes, file_boxes, find_boxes, make_box, splice
from simbinaural.errors import InputError
from simbinaural.spherical import (
    Projection,
    SpatialAudio,
    insert_boxes,
    pack_projection,
    pack_spatial_audio,
    pack_stereo,
    unpack_projection,
    unpack_shape,
    unpack_spatial_audio,
    unpack_stereo,
    write_spherical_boxes,
)
from simbinaural.video import write_video


def make_file(path, channels=4, codec="pcm_s16le", *options):
    """Half a second of a moving picture and of noise in so many channels."""
    noise = "anoisesrc=duration=0.5:amplitude=0.1:seed={0}:sample_rate=48000[a{0}]"
    graph = ";".join(noise.format(k) for k in range(channels))
    inputs = "".join(f"[a{k}]" for k in range(channels))
    layout = {4: "4.0", 6: "5.1", 1: "mono"}.get(channels)
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x32:rate=10:duration=0.5", "-filter_complex"),
        f"{graph};{inputs}amerge=inputs={channels},aformat=channel_layouts={layout}[a]",
        *("-map", "0:v", "-map", "[a]", "-c:v", "libx264", "-c:a", codec, *options, path),
    )
    return path


def told(path):
    """What FFmpeg says of a file."""
    return ffmpeg("-i", path, "-t", 0, "-f", "null", "-").stderr.decode()


def decoded(path):
    """Checksums of all that decodes, without what the header says."""
    lines = ffmpeg("-i", path, "-f", "framemd5", "-").stdout.decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


# --------------------------------------------------------------------------- boxes


def test_three_forms_of_size():
    plain = make_box(b"free", b"abc")
    long = struct.pack(">I4sQ", 1, b"wide", 20) + b"defg"
    last = struct.pack(">I4s", 0, b"mdat") + b"to the end"
    data = plain + long + last
    found = list(boxes(data))
    assert [data[box.body : box.end] for box in found] == [b"abc", b"defg", b"to the end"]
    assert [box.kind for box in found] == [b"free", b"wide", b"mdat"]
    assert all(box.whole for box in found)
    assert list(file_boxes(io.BytesIO(data))) == found


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\0\0\0\x08fre",
        struct.pack(">I4s", 7, b"free"),
        struct.pack(">I4s", 1, b"free"),
        struct.pack(">I4sQ", 1, b"free", 15),
    ],
)
def test_sizes_that_cannot_be_end_the_walk(damaged):
    good = make_box(b"free")
    assert [box.kind for box in boxes(good + damaged)] == [b"free"]


def test_cut_box_says_so():
    cut = make_box(b"mdat", bytes(100))[:50]
    (box,) = boxes(cut)
    assert (box.end, box.whole) == (50, False)
    (huge,) = boxes(struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1) + bytes(9))
    assert (huge.end, huge.whole) == (25, False)


@given(st.binary(max_size=200), st.integers(0, 50), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_the_walk(data, start, end):
    found = list(boxes(data, start, end))
    assert all(start <= box.start < box.body <= box.end <= len(data) for box in found)
    assert all(before.end == after.start for before, after in zip(found, found[1:], strict=False))
    if not start and end >= len(data):
        assert list(file_boxes(io.BytesIO(data))) == found


def test_splice_lets_all_around_grow():
    long = struct.pack(">I4sQ", 1, b"trak", 16 + 11) + make_box(b"mdia", b"abc")
    data = bytearray(make_box(b"moov", long))
    (chain,) = find_boxes(data, (b"moov", b"trak", b"mdia"))
    splice(data, chain, chain[-1].end, 0, make_box(b"free", b"12345"))
    (chain,) = find_boxes(data, (b"moov", b"trak", b"mdia"))
    assert all(box.whole and box.end == len(data) for box in chain)
    assert data.endswith(b"free12345")


# --------------------------------------------------------------------------- contents


def test_sa3d_stands_as_described():
    box = pack_spatial_audio(SpatialAudio(1, (0, 1, 2, 3, 4, 5), head_locked=True))
    assert box[4:10] == b"SA3D\0\x80"
    assert struct.unpack_from(">IBBI6I", box, 10) == (1, 0, 0, 6, 0, 1, 2, 3, 4, 5)
    assert len(box) == int.from_bytes(box[:4], "big") == 44


@given(
    st.builds(
        SpatialAudio,
        order=st.integers(0, 2**32 - 1),
        channel_map=st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple),
        head_locked=st.booleans(),
        ordering=st.integers(0, 255),
        normalization=st.integers(0, 255),
        kind=st.integers(0, 127),
    )
)
@settings(max_examples=50, deadline=None)
def test_spatial_audio_comes_back(audio):
    assert unpack_spatial_audio(pack_spatial_audio(audio)[8:]) == audio


FINE_ANGLE = st.integers(-180 * 2**16, 180 * 2**16).map(lambda steps: steps / 2**16)
SHARE = st.integers(0, 2**31 - 1).map(lambda steps: steps / 2**32)


@given(st.tuples(FINE_ANGLE, FINE_ANGLE, FINE_ANGLE), st.tuples(SHARE, SHARE, SHARE, SHARE))
@settings(max_examples=50, deadline=None)
def test_projection_comes_back(tilt, bounds):
    for projection in Projection("equirect", tilt, bounds), Projection("cubemap", tilt, padding=3):
        assert unpack_projection(pack_projection(projection)[8:]) == projection


def test_stereo_comes_back():
    for stereo in "mono", "top-bottom", "left-right", "right-left":
        assert unpack_stereo(pack_stereo(stereo)[8:]) == stereo


@given(st.binary(max_size=80), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_damage_is_told_and_nothing_else(noise, length):
    sound = pack_spatial_audio(SpatialAudio(1, (0, 1, 2, 3)))[8:]
    picture = pack_projection(Projection("equirect", (1, 2, 3)))[8:]
    for unpack, whole in (unpack_spatial_audio, sound), (unpack_projection, picture):
        for body in noise, whole[:length], whole[:length] + noise:
            try:
                unpack(body)
            except InputError as error:
                assert "must" in str(error)  # noqa: PT017 - it may or may not be raised


def test_contents_refuse():
    sound = pack_spatial_audio(SpatialAudio(1, (0, 1, 2, 3)))[8:]
    with pytest.raises(InputError, match="SA3D must hold at least 12 bytes, got 11"):
        unpack_spatial_audio(sound[:11])
    with pytest.raises(InputError, match="SA3D must be of version 0, got 1"):
        unpack_spatial_audio(b"\1" + sound[1:])
    with pytest.raises(InputError, match="SA3D must hold 4 channels, got 3"):
        unpack_spatial_audio(sound[:-1])
    with pytest.raises(InputError, match="st3d must hold at least 5 bytes, got 4"):
        unpack_stereo(bytes(4))
    with pytest.raises(InputError, match=r"st3d must be one of the modes \[0, 1, 2, 4\], got 3"):
        unpack_stereo(b"\0\0\0\0\3")
    with pytest.raises(InputError, match="stereo must be one of mono, .*, got anaglyph"):
        pack_stereo("anaglyph")
    with pytest.raises(InputError, match="projection must be one of equirect, cubemap, got mesh"):
        pack_projection(Projection("mesh"))
    with pytest.raises(InputError, match="sv3d must hold one of equi, cbmp, mshp, ytmp, got none"):
        unpack_projection(make_box(b"proj"))
    with pytest.raises(InputError, match="equi must hold 20 bytes, got 19"):
        unpack_shape("equirect", bytes(19))
    with pytest.raises(InputError, match="equi must leave something uncropped, got left 0.5 and r"):
        unpack_shape("equirect", struct.pack(">5I", 0, 0, 0, 2**31, 2**31))
    with pytest.raises(InputError, match="cbmp must have layout 0, got 7"):
        unpack_shape("cubemap", struct.pack(">3I", 0, 7, 0))


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mov", "pcm_s16le", ()),
        ("a.mp4", "flac", ("-movflags", "+faststart")),
        ("a.mp4", "flac", ()),
    ],
)
def test_ffmpeg_reads_the_boxes_and_the_same_content(tmp_path, name, codec, options):
    path = make_file(tmp_path / name, 4, codec, *options)
    before = decoded(path)
    write_spherical_boxes(path, stereo="top-bottom", tilt=(10, -20, 5.5))
    log = told(path)
    assert "Spherical Mapping: equirectangular (10.000000/-20.000000/5.500000)" in log
    assert "Stereo 3D: top and bottom" in log
    assert "ambisonic 1" in log
    assert decoded(path) == before


def test_own_videos_take_the_boxes(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = [np.full((32, 64, 3), 20 * k, np.uint8) for k in range(10)]
    write_video(path, pictures, 10, np.zeros((2, 16000)), 16000)
    before = decoded(path)
    write_spherical_boxes(path, n_channels=0, projection="cubemap")
    assert "Spherical Mapping: cubemap" in told(path)
    assert decoded(path) == before


def test_bounds_and_head_locked_stereo(tmp_path):
    path = make_file(tmp_path / "a.mov", 6)
    write_spherical_boxes(path, n_channels=6, bounds=(0.25, 0, 0.125, 0))
    log = told(path)
    # FFmpeg tells pixels of the whole panorama, which is 64 / 0.625 wide; it rounds.
    edges = re.search(r"tiled equirectangular .*\[(\d+), (\d+), (\d+), (\d+)\]", log).groups()
    np.testing.assert_allclose(np.array(edges, int), [25.6, 0, 12.8, 0], atol=1.5)
    assert "ambisonic 1+stereo" in log


def test_writing_twice_replaces(tmp_path):
    path = make_file(tmp_path / "a.mp4", 4, "flac", "-movflags", "+faststart")
    write_spherical_boxes(path, tilt=(90, 0, 0))
    write_spherical_boxes(path)
    once = path.read_bytes()
    write_spherical_boxes(path)
    assert path.read_bytes() == once
    assert once.count(b"SA3D") == once.count(b"sv3d") == once.count(b"st3d") == 1


def test_files_refuse(tmp_path):
    with pytest.raises(InputError, match=r"none\.mp4: file must exist"):
        write_spherical_boxes(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(InputError, match=r"text\.mp4: file must have an index \(moov\), got none"):
        write_spherical_boxes(tmp_path / "text.mp4")
    path = make_file(tmp_path / "a.mp4", 1, "aac", "-movflags", "frag_keyframe+empty_moov")
    with pytest.raises(InputError, match=r"a\.mp4: file must not come in fragments; remux it"):
        write_spherical_boxes(path)
    ffmpeg("-i", path, "-an", "-c", "copy", tmp_path / "mute.mp4")
    with pytest.raises(InputError, match=r"mute\.mp4: file must have a soun track"):
        write_spherical_boxes(tmp_path / "mute.mp4")
    with pytest.raises(InputError, match="n_channels must be 4, 9, 16 .*, got 5"):
        write_spherical_boxes(tmp_path / "mute.mp4", n_channels=5)
    with pytest.raises(TypeError, match="unknown options: fov"):
        write_spherical_boxes(tmp_path / "mute.mp4", fov=1)


def test_offsets_that_no_longer_fit_are_refused(tmp_path):
    path = make_file(tmp_path / "a.mp4", 1, "aac", "-movflags", "+faststart")
    content = bytearray(path.read_bytes())
    place = content.index(b"stco") + 12
    struct.pack_into(">I", content, place, 2**32 - 1)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mp4: file must stay below 4 GiB; remux it without"):
        insert_boxes(path, {b"vide": [pack_stereo("mono")]})
    assert path.read_bytes() == content
