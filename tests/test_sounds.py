"""Dry sounds: in tune, natural in length and level, and users' files are read or named."""

import pickle
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from simbinaural.audio import resample
from simbinaural.errors import InputError
from simbinaural.geometry import to_count
from simbinaural.sources.drum_music import march
from simbinaural.sources.percussion import MEMBRANE, tom
from simbinaural.sources.ringing import GONG, bell
from simbinaural.sources.sound_files import survey
from simbinaural.sources.sounds import DrySound, active_frames, load_sounds
from simbinaural.sources.strings import NYLON, STEEL, Tone, loop_filter, plucked_note

DULL = Tone(position=0.2, contact_s=0.0003, decay_s=2.0, bright_decay_s=0.08, scratch=0)

BUILT_IN = [sound for sounds in load_sounds().items.values() for sound in sounds]


def rng(seed=0):
    return np.random.default_rng(seed)


def level_db(sound, sample_rate):
    active = np.repeat(active_frames(sound, sample_rate), to_count(0.02, sample_rate))
    return 10 * np.log10(np.mean(np.square(sound[active[: len(sound)]], dtype=float)))


def peak_frequency(sound, sample_rate, low, high):
    """Frequency of the strongest partial in a band, finer than a bin of the padded spectrum."""
    n = 2**20
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n))
    first, last = int(low * n / sample_rate), int(high * n / sample_rate)
    return (first + np.argmax(power[first:last])) * sample_rate / n


# --------------------------------------------------------------------------- strings


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
@pytest.mark.parametrize("frequency", [82.41, 110.0, 196.0, 329.63, 659.26, 987.77])
@pytest.mark.parametrize("tone", [NYLON, STEEL, DULL], ids=["nylon", "steel", "dull"])
def test_a_plucked_string_is_in_tune_within_2_cents(frequency, sample_rate, tone):
    note = plucked_note(frequency, 2.0, sample_rate, tone)
    found = peak_frequency(note, sample_rate, 0.8 * frequency, 1.25 * frequency)
    assert abs(1200 * np.log2(found / frequency)) < 2


def test_overtones_of_a_string_are_harmonic():
    note = plucked_note(110.0, 2.0, 48000, STEEL)
    for k in range(2, 11):
        found = peak_frequency(note, 48000, 110 * (k - 0.4), 110 * (k + 0.4))
        assert abs(1200 * np.log2(found / (110 * k))) < 8


def test_a_string_plucked_at_a_fifth_lacks_each_fifth_partial():
    tone = Tone(position=0.2, contact_s=0.0001, decay_s=4, bright_decay_s=3, scratch=0)
    note = plucked_note(200.0, 1.0, 48000, tone)
    power = np.abs(np.fft.rfft(note * np.hanning(len(note)))) ** 2
    partial = [power[200 * k - 5 : 200 * k + 6].max() for k in range(1, 11)]
    assert partial[4] < 0.003 * min(partial[3], partial[5])
    assert partial[9] < 0.003 * partial[8]


@pytest.mark.parametrize("sample_rate", [16000, 48000])
@pytest.mark.parametrize("frequency", [82.41, 246.94])
def test_the_loop_loses_what_was_asked_for(sample_rate, frequency):
    gain, pole, _ = loop_filter(frequency, 4.0, 0.5, sample_rate)
    for partial, decay in ((frequency, 4.0), (3000.0, 0.5)):
        z = np.exp(2j * np.pi * partial / sample_rate)
        response = abs(gain * (1 - pole) / (1 - pole / z))
        np.testing.assert_allclose(response, 10 ** (-3 / (frequency * decay)), rtol=1e-9)


def test_a_string_decays_as_asked_for():
    tone = Tone(position=0.2, contact_s=0.0003, decay_s=3.0, bright_decay_s=1.0, scratch=0)
    note = plucked_note(110.0, 4.0, 16000, tone)
    late = [
        np.sqrt(np.mean(note[int(t * 16000) : int((t + 0.2) * 16000)] ** 2)) for t in (2.0, 3.0)
    ]
    np.testing.assert_allclose(20 * np.log10(late[0] / late[1]), 20, atol=1.5)


def test_a_stronger_pluck_is_brighter():
    def centroid(strength):
        power = np.abs(np.fft.rfft(plucked_note(196.0, 1.0, 16000, NYLON, strength=strength))) ** 2
        return np.sum(power * np.arange(len(power))) / power.sum()

    assert centroid(1.0) > 1.02 * centroid(0.4)


# --------------------------------------------------------------------------- drums and bells


def test_a_membrane_has_the_zeros_of_the_bessel_functions():
    from scipy.special import jn_zeros

    zeros = np.sort(np.concatenate([jn_zeros(m, 4) for m in range(8)]))
    np.testing.assert_allclose(MEMBRANE, zeros[:10] / zeros[0], atol=1e-3)


def test_no_two_strokes_of_a_roll_are_alike():
    sound, step = march(16000), 16000 * 60 / 108 / 4
    hits = [sound[int(k * step) : int((k + 0.9) * step)] for k in range(49, 63)]
    hits = [hit / np.linalg.norm(hit) for hit in hits]
    for one, following in zip(hits[:-1], hits[1:], strict=True):
        assert np.max(np.correlate(one, following, "full")) < 0.95


def test_a_tom_settles_on_its_pitch():
    sound = tom(16000, rng(), pitch_hz=122.0)
    found = peak_frequency(sound[4000:12000], 16000, 80, 160)
    np.testing.assert_allclose(found, 122, rtol=0.01)


def test_gongs_ring_at_their_modes():
    sound = bell(16000)
    for pitch in (1060.0, 1330.0):
        for ratio, _, _ in GONG[:4:2]:
            low, high = 0.97 * pitch * ratio, 1.03 * pitch * ratio
            found = peak_frequency(sound, 16000, low, high)
            np.testing.assert_allclose(found, pitch * ratio, rtol=0.004)


# --------------------------------------------------------------------------- built-in sounds


def test_each_class_has_at_least_four_sounds_with_names_of_their_own():
    items = load_sounds().items
    assert sorted(items) == ["drum", "guitar", "phone"]
    for name, sounds in items.items():
        assert len({sound.name for sound in sounds}) == len(sounds) >= 4
        assert {sound.sound_class for sound in sounds} == {name}


@pytest.mark.parametrize("sound", BUILT_IN, ids=lambda sound: sound.name)
def test_built_in_sounds_are_clean(sound):
    whole = sound.render(16000)
    assert 4 <= len(whole) / 16000 <= 18
    loudest = np.max(np.abs(whole))
    assert abs(np.mean(whole)) < 1e-3 * loudest
    assert abs(whole[0]) < 0.02 * loudest
    assert np.max(np.abs(whole[-8:])) < 0.02 * loudest
    # Broad enough that a listener can tell where it comes from: four octaves within 35 dB.
    power = np.abs(np.fft.rfft(whole)) ** 2
    hertz = np.fft.rfftfreq(len(whole), 1 / 16000)
    octaves = [power[(hertz >= f) & (hertz < 2 * f)].sum() for f in (125, 250, 500, 1e3, 2e3, 4e3)]
    assert np.sum(octaves > 10**-3.5 * power.sum()) >= 4


@pytest.mark.parametrize("sound", BUILT_IN, ids=lambda sound: sound.name)
def test_a_sound_is_the_same_at_each_rate(sound):
    fine = np.asarray(resample(sound.render(48000).astype(np.float32), 48000, 16000), dtype=float)
    coarse = sound.render(16000)
    assert abs(len(fine) - len(coarse)) <= 2
    for low, high in ((125, 500), (500, 2000), (2000, 6500)):
        powers = []
        for signal in (fine, coarse):
            hertz = np.fft.rfftfreq(len(signal), 1 / 16000)
            spectrum = np.abs(np.fft.rfft(signal)) ** 2
            powers.append(spectrum[(hertz >= low) & (hertz < high)].sum() / spectrum.sum())
        if max(powers) > 1e-3:
            np.testing.assert_allclose(10 * np.log10(powers[0] / powers[1]), 0, atol=2.5)


def test_sounds_of_a_class_differ():
    for sounds in load_sounds().items.values():
        spectra = [np.abs(np.fft.rfft(s.excerpt(4, 16000, rng()))) for s in sounds]
        likeness = np.corrcoef(spectra)
        assert np.max(likeness - np.eye(len(sounds))) < 0.8


# --------------------------------------------------------------------------- excerpts


@pytest.mark.parametrize("duration_s", [1.0, 7.3, 20.0, 45.0])
@pytest.mark.parametrize("sound", BUILT_IN[::5], ids=lambda sound: sound.name)
def test_an_excerpt_has_its_length_level_and_soft_ends(sound, duration_s):
    piece = sound.excerpt(duration_s, 16000, rng(3))
    assert piece.dtype == np.float32
    assert piece.shape == (to_count(duration_s, 16000),)
    np.testing.assert_allclose(level_db(piece, 16000), -23, atol=0.01)
    assert np.max(np.abs(piece)) <= 0.99
    assert abs(piece[0]) < 1e-3
    assert abs(piece[-1]) < 1e-3
    assert active_frames(piece, 16000).mean() > 0.15


@settings(max_examples=20, deadline=None)
@given(
    duration_s=st.floats(0.001, 30),
    index=st.integers(0, len(BUILT_IN) - 1),
    seed=st.integers(0, 99),
)
def test_the_same_seed_gives_the_same_bytes(duration_s, index, seed):
    sound = BUILT_IN[index]
    count = to_count(duration_s, 16000)
    if count == 0:
        return
    first, again = (sound.excerpt(duration_s, 16000, rng(seed)) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert len(first) == count
    moved = pickle.loads(pickle.dumps(sound)).excerpt(duration_s, 16000, rng(seed))
    assert first.tobytes() == moved.tobytes()


def test_different_seeds_give_different_cuts():
    sound = BUILT_IN[0]
    assert np.any(sound.excerpt(2, 16000, rng(1)) != sound.excerpt(2, 16000, rng(2)))


def half_silent(sample_rate):
    """Ten seconds, of which only the seventh and eighth sound."""
    sound = np.zeros(10 * sample_rate)
    time = np.arange(2 * sample_rate) / sample_rate
    sound[6 * sample_rate : 8 * sample_rate] = np.sin(2 * np.pi * 440 * time)
    sound[:sample_rate] = 0.02 * np.sin(2 * np.pi * 440 * time[:sample_rate])
    return sound


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_is_never_mostly_silent(seed):
    piece = DrySound("tone", "tone", half_silent).excerpt(2, 16000, rng(seed))
    assert active_frames(piece, 16000).mean() >= 0.49


def beep(sample_rate):
    """A third of a second."""
    return np.sin(2 * np.pi * 500 * np.arange(int(0.3 * sample_rate)) / sample_rate)


def test_a_short_sound_is_repeated_with_pauses():
    piece = DrySound("tone", "beep", beep).excerpt(10, 16000, rng(5))
    sounds = np.concatenate([[False], active_frames(piece, 16000), [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(sounds) == 1), np.flatnonzero(np.diff(sounds) == -1)
    pauses = (starts[1:] - ends[:-1]) * 0.02
    assert 6 <= len(starts) <= 15
    assert np.all((pauses >= 0.36) & (pauses <= 1.24))
    assert np.ptp(pauses) > 0.1


def clicks(sample_rate):
    """Sparse impulses: far more peak than loudness."""
    sound = np.zeros(sample_rate)
    sound[:: sample_rate // 10] = 1
    return sound


def test_peaks_bound_the_level():
    piece = DrySound("click", "clicks", clicks).excerpt(0.9, 16000, rng())
    np.testing.assert_allclose(np.max(np.abs(piece)), 0.99, rtol=1e-6)


def test_a_duration_must_be_positive():
    with pytest.raises(InputError, match="duration_s must be positive, got 0"):
        BUILT_IN[0].excerpt(0, 16000, rng())


# --------------------------------------------------------------------------- files


def tone(frequency, duration_s, sample_rate, channels=1):
    time = np.arange(int(duration_s * sample_rate)) / sample_rate
    return np.repeat(0.3 * np.sin(2 * np.pi * frequency * time)[:, None], channels, axis=1)


FORMATS = {"a.wav": (44100, 1), "b.flac": (22050, 2), "c.ogg": (48000, 1), "d.mp3": (44100, 2),
           "E.WAV": (8000, 4), "sub/f.aiff": (96000, 1)}  # fmt: skip


def test_files_of_any_format_rate_and_channel_count(tmp_path):
    (tmp_path / "bell/sub").mkdir(parents=True)
    for name, (rate, channels) in FORMATS.items():
        soundfile.write(tmp_path / "bell" / name, tone(1000, 1.5, rate, channels), rate)
    (tmp_path / "bell/readme.txt").write_text("not a sound")
    (tmp_path / "bell/.hidden.wav").write_text("nor this")
    (tmp_path / ".git").mkdir()
    found = load_sounds(tmp_path)
    assert list(found.items) == ["bell"]
    assert [sound.name for sound in found.items["bell"]] == sorted(FORMATS)
    assert found.problems == (
        f"{tmp_path}: 3 sound files have several channels; their mean is used",
    )
    for sound in found.items["bell"]:
        for rate in (16000, 48000):
            piece = sound.excerpt(1.0, rate, rng())
            assert piece.shape == (rate,)
            np.testing.assert_allclose(peak_frequency(piece, rate, 500, 3000), 1000, rtol=1e-3)


def test_channels_are_averaged(tmp_path):
    path = tmp_path / "x.wav"
    stereo = np.stack([tone(500, 1, 16000)[:, 0], tone(900, 1, 16000)[:, 0]], axis=1)
    soundfile.write(path, stereo, 16000, subtype="FLOAT")
    np.testing.assert_allclose(survey(path)(16000), stereo.mean(axis=1), atol=1e-6)


def spoil(folder, kind):
    path = folder / f"{kind}.wav"
    if kind == "silent":
        soundfile.write(path, np.zeros(16000), 16000)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "corrupt":
        path.write_bytes(b"RIFF, but then nothing of the kind" * 20)
    elif kind == "no-samples":
        soundfile.write(path, np.zeros(0), 16000)
    elif kind == "short":
        soundfile.write(path, tone(500, 0.01, 16000), 16000)
    elif kind == "nan":
        soundfile.write(path, np.full(16000, np.nan), 16000, subtype="FLOAT")
    elif kind == "opposed":
        left = tone(500, 1, 16000)
        soundfile.write(path, np.concatenate([left, -left], axis=1), 16000)
    return path


SPOILT = ["silent", "empty", "corrupt", "no-samples", "short", "nan", "opposed"]


@pytest.mark.parametrize("kind", SPOILT)
def test_a_bad_file_is_named_and_the_others_go_on(tmp_path, kind):
    (tmp_path / "drum").mkdir()
    soundfile.write(tmp_path / "drum/good.wav", tone(500, 1, 16000), 16000)
    path = spoil(tmp_path / "drum", kind)
    found = load_sounds(tmp_path)
    assert [sound.name for sound in found.items["drum"]] == ["good.wav"]
    (line,) = found.problems
    assert line.startswith(f"{path}: ")
    assert line.endswith("; left out")
    assert "\n" not in line


@pytest.mark.parametrize("kind", SPOILT)
def test_a_class_with_only_bad_files_is_an_error(tmp_path, kind):
    (tmp_path / "drum").mkdir()
    path = spoil(tmp_path / "drum", kind)
    with pytest.raises(
        InputError, match=r"drum: class must have at least one usable file, "
    ) as error:
        load_sounds(tmp_path)
    assert str(path) in str(error.value)


def test_why_a_sound_is_silent(tmp_path):
    (tmp_path / "drum").mkdir()
    spoil(tmp_path / "drum", "opposed")
    with pytest.raises(InputError, match="its channels cancel each other"):
        load_sounds(tmp_path)


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(InputError, match="folder must exist"):
        load_sounds(tmp_path / "absent")
    with pytest.raises(InputError, match="folder must hold a folder for each class"):
        load_sounds(tmp_path)
    (tmp_path / "drum").mkdir()
    with pytest.raises(InputError, match=r"drum: class must have at least one usable file, got no"):
        load_sounds(tmp_path)


def test_a_file_that_goes_bad_later_is_named(tmp_path):
    (tmp_path / "drum").mkdir()
    path = tmp_path / "drum/x.wav"
    soundfile.write(path, tone(500, 1, 16000), 16000)
    (sound,) = load_sounds(tmp_path).items["drum"]
    path.unlink()
    with pytest.raises(InputError, match=r"x\.wav: file must exist"):
        sound.excerpt(1, 16000, rng())


# --------------------------------------------------------------------------- long files


def write_minutes(path, loud, *, rate=16000, channels=2):
    """Write a file of a tone in each minute: loud, or 60 dB below it."""
    with soundfile.SoundFile(path, "w", rate, channels) as file:
        for minute, is_loud in enumerate(loud):
            sound = tone(500 + 100 * minute, 60, rate, channels)
            file.write(sound if is_loud else 1e-3 * sound)


def peak_bytes(function):
    """Most memory that numpy and Python held at once beyond what they began with."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_of_a_long_file_only_a_passage_is_in_memory(tmp_path, ending):
    # Fifteen minutes in stereo are 115 MB as they come; a minute in mono is 4 MB.
    (tmp_path / "talk").mkdir()
    write_minutes(tmp_path / f"talk/long.{ending}", [True] * 15)
    assert peak_bytes(lambda: load_sounds(tmp_path)) < 10e6
    (sound,) = load_sounds(tmp_path).items["talk"]
    assert peak_bytes(lambda: sound.excerpt(10, 16000, rng(1))) < 40e6


def test_a_clip_of_a_long_file_comes_from_where_something_sounds(tmp_path):
    (tmp_path / "talk").mkdir()
    loud = [minute in (2, 7, 10) for minute in range(11)]
    write_minutes(tmp_path / "talk/long.wav", loud, channels=1)
    (sound,) = load_sounds(tmp_path).items["talk"]
    heard = [
        round(peak_frequency(sound.excerpt(5, 16000, rng(seed)), 16000, 400, 2000))
        for seed in range(24)
    ]
    assert set(heard) == {700, 1200, 1500}


def test_all_of_a_file_is_heard_that_is_a_little_longer_than_a_passage(tmp_path):
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(500, 61, 8000), 8000)
    found = survey(path)
    assert found.passages == (0, 8000)
    draws = {found.stretch(5, rng(seed)) for seed in range(16)}
    assert {(each.start, each.count) for each in draws} == {(0, 480000), (8000, 480000)}


def test_a_long_clip_takes_a_stretch_of_twice_its_length(tmp_path):
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(500, 200, 8000), 8000)
    found = survey(path)
    (sound,) = {found.stretch(80, rng(seed)).count for seed in range(8)}
    assert sound == 160 * 8000
    assert found.stretch(150, rng()).count == 200 * 8000


def test_a_short_file_is_read_whole_and_takes_nothing_of_chance(tmp_path):
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(500, 60, 8000), 8000)
    chance = rng()
    assert survey(path).stretch(5, chance).count == 60 * 8000
    assert chance.random() == rng().random()
