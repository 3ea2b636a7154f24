"""Sound files, rates, spectrograms, levels and the moving convolution."""

from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.audio import (
    convolve,
    crossfade_weights,
    envelope,
    from_db,
    istft,
    moving_convolution,
    peak,
    read_audio,
    read_blocks,
    resample,
    rms,
    stft,
    to_db,
    write_audio,
)
from simbinaural.errors import InputError

RATE = 16000


def sine(frequency, *, rate=RATE, seconds=1.0, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)
    return np.tile(wave, (channels, 1)).astype(np.float32)


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def encode_with_ffmpeg(path, codec, samples, rate):
    """Write the sound as FFmpeg would, as something that libsndfile cannot read."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler(
            stream.format, "stereo", rate, stream.codec_context.frame_size
        )
        for block in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


# --------------------------------------------------------------------------- files


def test_float_wav_keeps_every_bit(tmp_path):
    samples = 3 * noise(2, 1000)
    write_audio(tmp_path / "a.wav", samples, RATE)
    read, rate = read_audio(tmp_path / "a.wav")
    np.testing.assert_array_equal(read, samples)
    assert (rate, read.dtype) == (RATE, np.float32)


def test_float_wav_is_read_by_others_and_bears_no_time_of_day(tmp_path):
    write_audio(tmp_path / "a.wav", noise(2, 1000), RATE)
    read, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_array_equal(read.T, noise(2, 1000))
    assert rate == RATE
    assert b"PEAK" not in (tmp_path / "a.wav").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [("a.wav", {"encoding": "pcm16"}, 2**-15), ("a.flac", {}, 2**-23), ("a.ogg", {}, 0.05)],
)
def test_formats_keep_channels_and_level(tmp_path, name, options, tolerance):
    samples = np.concatenate([sine(500), 0.5 * sine(300)])
    write_audio(tmp_path / name, samples, RATE, **options)
    read, rate = read_audio(tmp_path / name)
    assert rate == RATE
    np.testing.assert_allclose(read[:, 2000:14000], samples[:, 2000:14000], atol=tolerance)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mp4", "libopus")])
def test_formats_of_ffmpeg_keep_channels_and_time(tmp_path, name, codec):
    samples = np.concatenate([sine(500, rate=48000), 0.5 * sine(300, rate=48000)])
    encode_with_ffmpeg(tmp_path / name, codec, samples, 48000)
    read, rate = read_audio(tmp_path / name)
    assert (read.shape, rate) == ((2, 48000), 48000)
    np.testing.assert_allclose(read[:, 6000:40000], samples[:, 6000:40000], atol=0.05)


@pytest.mark.parametrize("format_name", ["u8", "s16", "s32", "flt", "fltp", "s16p"])
def test_every_sample_format_of_ffmpeg_means_the_same(format_name):
    from simbinaural.audio.streams import frame_samples

    samples = np.concatenate([sine(500), 0.5 * sine(300)])
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
    frame.sample_rate = RATE
    (converted,) = av.AudioResampler(format_name, "stereo", RATE).resample(frame)
    tolerance = {"u8": 2**-7, "s16": 2**-14, "s16p": 2**-14}.get(format_name, 1e-6)
    np.testing.assert_allclose(frame_samples(converted), samples, atol=tolerance)


def test_reading_resamples(tmp_path):
    write_audio(tmp_path / "a.wav", sine(440, rate=44100), 44100)
    read, rate = read_audio(tmp_path / "a.wav", RATE)
    assert (read.shape, rate) == ((1, RATE), RATE)
    np.testing.assert_allclose(read[:, 1000:-1000], sine(440)[:, 1000:-1000], atol=1e-4)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.m4a"])
@pytest.mark.parametrize("start", [0, 1, 70000, 191999])
def test_blocks_are_the_file_piece_by_piece(tmp_path, name, start):
    samples = np.concatenate([sine(500, rate=48000, seconds=4), noise(1, 192000)])
    if name == "a.m4a":
        encode_with_ffmpeg(tmp_path / name, "aac", samples, 48000)
    else:
        write_audio(tmp_path / name, samples, 48000)
    blocks = list(read_blocks(tmp_path / name, start))
    whole, rate = read_audio(tmp_path / name)
    assert {rate for _, rate in blocks} == {rate}
    assert max(block.shape[1] for block, _ in blocks) <= 65536
    read = np.concatenate([block for block, _ in blocks], axis=1)
    # A lossy decoder that begins in the middle may differ a little.
    tolerance = 0.05 if name == "a.mp3" else 1e-6
    np.testing.assert_allclose(read, whole[:, start:], atol=tolerance)


def test_damage_in_the_middle_is_left_to_ffmpeg(tmp_path):
    path = tmp_path / "a.flac"
    write_audio(path, noise(1, 20 * RATE), RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(path)
    read, _ = read_audio(path)
    assert 0.9 * 20 * RATE < read.shape[1] <= 20 * RATE
    np.testing.assert_allclose(read[:, :RATE], noise(1, 20 * RATE)[:, :RATE], atol=2**-23)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.wav: file must exist"):
        read_audio(tmp_path / "nothing.wav")
    with pytest.raises(InputError, match="file must exist"):
        read_audio(tmp_path)


def test_empty_file(tmp_path):
    (tmp_path / "a.wav").touch()
    with pytest.raises(InputError, match=r"a\.wav: file must not be empty"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "a.xyz"])
def test_corrupt_file(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match=rf"{name}: (file must be readable|sound must not)"):
        read_audio(tmp_path / name)


def test_sound_of_no_length(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 2)), RATE)
    with pytest.raises(InputError, match=r"a\.wav: sound must not be empty"):
        read_audio(tmp_path / "a.wav")


def test_sound_that_is_not_finite(tmp_path):
    write_audio(tmp_path / "a.wav", np.array([[0, np.nan]]), RATE)
    with pytest.raises(InputError, match=r"a\.wav: samples must be finite"):
        read_audio(tmp_path / "a.wav")


def test_picture_has_no_sound(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"a\.mp4: file must have a sound track, got none"):
        read_audio(tmp_path / "a.mp4")


def test_writing_refuses_what_it_would_spoil(tmp_path):
    with pytest.raises(InputError, match="suffix must be that of a sound format, got '.xyz'"):
        write_audio(tmp_path / "a.xyz", noise(2, 10), RATE)
    with pytest.raises(InputError, match=r"within \[-1, 1\], got a peak of 1\.5"):
        write_audio(tmp_path / "a.flac", np.full((1, 10), -1.5), RATE)
    with pytest.raises(InputError, match="encoding must be one of"):
        write_audio(tmp_path / "a.wav", noise(2, 10), RATE, encoding="pcm8")
    with pytest.raises(InputError, match=r"samples must have shape \(any, any\), got \(10,\)"):
        write_audio(tmp_path / "a.wav", noise(10), RATE)


# --------------------------------------------------------------------------- rates


@given(st.integers(1, 3000), st.sampled_from([8000, 16000, 22050, 44100, 48000, 96000]), st.data())
@settings(max_examples=60, deadline=None)
def test_resampled_length(count, from_rate, data):
    to_rate = data.draw(st.sampled_from([8000, 16000, 44100, 48000]))
    resampled = resample(np.zeros((2, count)), from_rate, to_rate)
    assert resampled.shape == (2, (2 * count * to_rate + from_rate) // (2 * from_rate))


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44100, 16000), (16000, 48000), (48000, 44100)])
def test_resampling_neither_shifts_nor_scales(from_rate, to_rate):
    resampled = resample(sine(1000, rate=from_rate), from_rate, to_rate)
    inner = slice(to_rate // 10, -to_rate // 10)
    np.testing.assert_allclose(
        resampled[:, inner], sine(1000, rate=to_rate)[:, inner], rtol=0, atol=1e-4
    )


def test_resampling_needs_positive_rates():
    with pytest.raises(InputError, match="to_rate must be positive, got 0"):
        resample(noise(1, 10), RATE, 0)


# --------------------------------------------------------------------------- spectrograms


def test_spectrogram_of_the_networks_window():
    assert stft(noise(2, 10080)).shape == (2, 257, 64)


def test_sine_fills_its_bin():
    # Bin 16 of 512 at 16 kHz is 500 Hz; a Hann window of 400 sums to 200, a sine halves that.
    spectrum = np.abs(stft(sine(500))[0, :, 10:-10])
    np.testing.assert_array_equal(np.argmax(spectrum, axis=0), 16)
    np.testing.assert_allclose(spectrum[16], 0.5 * 200 / 2, rtol=1e-3)


def test_sound_is_mirrored_at_its_ends():
    # So a constant is as strong in the first and last frames as in the others.
    np.testing.assert_allclose(stft(np.ones((1, 1000)))[0, 0], 200, rtol=1e-6)


def test_click_lies_in_the_frame_that_is_centered_on_it():
    samples = np.zeros((1, 16000))
    samples[0, 50 * 160] = 1
    energy = np.sum(np.abs(stft(samples)[0]) ** 2, axis=0)
    assert np.argmax(energy) == 50


@given(st.integers(2, 4000), st.sampled_from([(512, 160, 400), (512, 128, 512), (64, 10, 33)]))
@settings(max_examples=40, deadline=None)
def test_spectrogram_turns_back_into_the_sound(count, sizes):
    n_fft, hop, window = sizes
    samples = noise(2, count, seed=count)
    spectrogram = stft(samples, n_fft=n_fft, hop=hop, window=window)
    back = istft(spectrogram, count, hop=hop, window=window)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, samples, rtol=0, atol=1e-5)


def test_spectrogram_refuses():
    with pytest.raises(InputError, match="hop, window, n_fft must grow from 1 on, got 160, 100"):
        stft(noise(1, 1000), window=100)
    with pytest.raises(InputError, match="samples must number at least 2, got 1"):
        stft(noise(1, 1))
    with pytest.raises(InputError, match="n_samples must give 7 frames of hop 160, got 2000"):
        istft(stft(noise(1, 1000)), 2000)


# --------------------------------------------------------------------------- levels


def test_levels_of_a_sine():
    wave = sine(500, channels=2)
    np.testing.assert_allclose(rms(wave), 0.5 / np.sqrt(2), rtol=1e-6)
    assert rms(wave).shape == (2,)
    np.testing.assert_allclose(peak(-wave), 0.5, rtol=1e-6)
    np.testing.assert_allclose(envelope(wave), 0.5, rtol=1e-5)


def test_decibels():
    np.testing.assert_allclose(to_db([1, 10, -0.1, 0]), [0, 20, -20, -np.inf])
    np.testing.assert_allclose(from_db([-6.0206, 20]), [0.5, 10], rtol=1e-5)
    assert peak(np.zeros((2, 0))) == 0


# --------------------------------------------------------------------------- convolution


def test_click_plays_the_response():
    rir = noise(2, 300)
    click = np.zeros(100)
    click[40] = 1
    heard = convolve(click, rir)
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, np.pad(rir, ((0, 0), (40, 59))), atol=1e-7)


def test_convolution_refuses():
    with pytest.raises(InputError, match=r"rir must have shape \(2, any\), got \(1, 10\)"):
        convolve(noise(100), noise(1, 10))
    with pytest.raises(InputError, match="must not be empty, got 0 samples and 10 taps"):
        convolve(noise(0), noise(2, 10))


def naive_moving_convolution(dry, rirs, times, rate):
    """The definition: whole convolutions, and a ramp of 20 ms around each inner time."""
    n_samples = dry.shape[1]
    outputs = [
        sum(
            np.stack([np.convolve(source.astype(float), ear) for ear in response])[:, :n_samples]
            for source, response in zip(dry, rir, strict=True)
        )
        for rir in rirs
    ]
    seconds = np.arange(n_samples) / rate
    rises = [np.clip((seconds - time) / 0.02 + 0.5, 0, 1) for time in times[1:-1]]
    rises = [np.ones(n_samples), *rises, np.zeros(n_samples)]
    weights = [rises[i] - rises[i + 1] for i in range(len(rirs))]
    return sum(weight * output for weight, output in zip(weights, outputs, strict=True))


@pytest.mark.parametrize("taps", [1, 200, 5000])
@pytest.mark.parametrize("sources", [1, 3])
def test_moving_convolution_is_its_definition(taps, sources):
    dry, rirs = noise(sources, 8000), noise(3, sources, 2, taps, seed=1)
    times = [0, 0.1234, 0.31, 0.5]
    np.testing.assert_allclose(
        moving_convolution(dry, rirs, times, RATE),
        naive_moving_convolution(dry, rirs, times, RATE),
        atol=1e-6,
    )


def test_listener_who_stands_still_hears_plain_convolution():
    dry, rir = noise(1, 8000), noise(1, 2, 500, seed=1)
    heard = moving_convolution(dry, np.stack([rir] * 4), [0, 0.1, 0.105, 0.4, 0.5], RATE)
    np.testing.assert_allclose(heard, convolve(dry[0], rir[0])[:, :8000], atol=1e-6)


def test_silence_adds_nothing():
    dry, rirs = noise(2, 4000), noise(2, 2, 2, 100, seed=1)
    dry[1] = 0
    both = moving_convolution(dry, rirs, [0, 0.1, 0.25], RATE)
    one = moving_convolution(dry[:1], rirs[:, :1], [0, 0.1, 0.25], RATE)
    np.testing.assert_array_equal(both, one)


@given(
    st.lists(st.floats(1e-4, 0.3), min_size=1, max_size=12),
    st.floats(-0.1, 0.1),
    st.integers(1, 10000),
)
@settings(max_examples=60, deadline=None)
def test_weights_add_up_to_one(intervals, first, n_samples):
    times = first + np.concatenate([[0], np.cumsum(intervals)])
    total, sounding = np.zeros(n_samples), np.zeros(n_samples, int)
    for start, weights in crossfade_weights(times, RATE, n_samples):
        assert np.all((weights >= 0) & (weights <= 1))
        total[start : start + len(weights)] += weights
        sounding[start : start + len(weights)] += weights > 0
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-12)
    assert sounding.max() <= 2


def test_fade_lasts_20_ms_and_is_even_at_its_time():
    (first, weights), (start, _) = crossfade_weights([0, 0.5, 1], RATE, RATE)
    assert (first, len(weights), start) == (0, 8160, 7840)
    np.testing.assert_allclose(weights[[7840, 7920, 8000, 8080]], [1, 0.75, 0.5, 0.25])


def test_moving_convolution_refuses():
    with pytest.raises(InputError, match="rir_times must be two or more growing times"):
        moving_convolution(noise(1, 10), noise(2, 1, 2, 10), [0, 1, 1], RATE)
    with pytest.raises(InputError, match=r"rirs must have shape \(any, 2, any, any\)"):
        moving_convolution(noise(2, 10), noise(2, 1, 2, 10), [0, 1, 2], RATE)
    with pytest.raises(InputError, match=r"rir_times must have shape \(3\), got \(2,\)"):
        moving_convolution(noise(1, 10), noise(2, 1, 2, 10), [0, 1], RATE)
    with pytest.raises(InputError, match=r"dry must have shape \(any, any\)"):
        moving_convolution(noise(10), noise(2, 1, 2, 10), [0, 1, 2], RATE)
