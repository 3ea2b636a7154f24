"""Reading SOFA: files written by an independent library, in every way that the standard allows."""

import h5py
import numpy as np
import pytest
import sofar

from simbinaural.errors import InputError
from simbinaural.geometry import direction_vectors
from simbinaural.hrtf import DEFAULT_SOFA
from simbinaural.sofa import read_sofa

AZIMUTH = np.arange(0, 360, 20.0)
ELEVATION = np.tile([0.0, 30, -30], 6)


@pytest.fixture
def written(tmp_path):
    """Write a file; keywords replace fields (dots as underscores)."""

    def write(**fields):
        sofa = sofar.Sofa("SimpleFreeFieldHRIR")
        count = len(fields.get("Data_IR", AZIMUTH))
        rng = np.random.default_rng(1)
        sofa.Data_IR = rng.standard_normal((count, 2, 64))
        sofa.Data_SamplingRate = 44100
        sofa.SourcePosition = np.stack([AZIMUTH, ELEVATION, np.full(18, 1.4)], axis=1)
        for name, value in fields.items():
            setattr(sofa, name, value)
        path = tmp_path / "head.sofa"
        sofar.write_sofa(path, sofa)
        return path, sofa

    return write


def test_directions_are_in_body_axes_and_responses_as_written(written):
    path, sofa = written()
    measurement = read_sofa(path)
    assert measurement.name == "head"
    assert measurement.sample_rate == 44100
    np.testing.assert_allclose(
        measurement.directions, direction_vectors(AZIMUTH, ELEVATION), atol=1e-12
    )
    np.testing.assert_array_equal(measurement.responses, sofa.Data_IR)


def test_cartesian_positions_mean_the_same(written):
    spherical = read_sofa(written()[0]).directions
    azimuth, elevation = np.radians(AZIMUTH), np.radians(ELEVATION)
    level = np.cos(elevation)
    positions = np.stack([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)], 1)
    path, _ = written(
        SourcePosition=2 * positions,
        SourcePosition_Type="cartesian",
        SourcePosition_Units="metre",
    )
    np.testing.assert_allclose(read_sofa(path).directions, spherical, atol=1e-12)


def test_the_receiver_with_positive_y_is_the_left_ear(written):
    path, sofa = written(ReceiverPosition=np.array([[0, -0.09, 0], [0, 0.09, 0]]))
    np.testing.assert_array_equal(read_sofa(path).responses, sofa.Data_IR[:, ::-1])


def test_delays_are_applied_less_what_they_share(written):
    impulses = np.zeros((18, 2, 64))
    impulses[..., 10] = 1
    delays = np.full((18, 2), 5.0)
    delays[3, 1], delays[4, 0] = 12, 7.5
    responses = read_sofa(written(Data_IR=impulses, Data_Delay=delays)[0]).responses
    assert responses[0, 0].argmax() == 10
    np.testing.assert_allclose(responses[3, 1].argmax(), 17)
    np.testing.assert_allclose(responses[3, 1, 17], 1, atol=1e-9)
    np.testing.assert_allclose(responses[4, 0, [12, 13]], 2 / np.pi, atol=0.01)


def test_one_delay_for_all_directions(written):
    impulses = np.zeros((18, 2, 64))
    impulses[..., 10] = 1
    responses = read_sofa(written(Data_IR=impulses, Data_Delay=[[0, 3]])[0]).responses
    np.testing.assert_array_equal(responses.argmax(-1), np.tile([10, 13], (18, 1)))


def test_only_the_farthest_of_a_direction_is_kept(written):
    distance = np.full(18, 1.4)
    azimuth, elevation = AZIMUTH.copy(), ELEVATION.copy()
    azimuth[7], elevation[7], distance[7] = azimuth[3], elevation[3], 2.0
    path, sofa = written(SourcePosition=np.stack([azimuth, elevation, distance], 1))
    np.testing.assert_array_equal(read_sofa(path).responses, np.delete(sofa.Data_IR, 3, axis=0))


def test_default_is_read_as_sofar_reads_it():
    sofa = sofar.read_sofa(DEFAULT_SOFA, verify=False)
    measurement = read_sofa(DEFAULT_SOFA)
    np.testing.assert_array_equal(measurement.responses, sofa.Data_IR)
    azimuth, elevation, _ = sofa.SourcePosition.T
    np.testing.assert_allclose(
        measurement.directions, direction_vectors(azimuth, elevation), atol=1e-12
    )


# --------------------------------------------------------------------------- bad files


def damage(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


def replaced(name, values):
    def change(file):
        del file[name]
        file[name] = values

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.attrs.pop("SOFAConventions"), "must be SimpleFreeFieldHRIR, got none"),
        (
            lambda f: f.attrs.modify("SOFAConventions", "GeneralFIR"),
            "SOFAConventions must be SimpleFreeFieldHRIR, got GeneralFIR",
        ),
        (lambda f: f.pop("Data.IR"), "must have the field Data.IR, got .*Data.Delay"),
        (lambda f: f.pop("SourcePosition"), "must have the field SourcePosition"),
        (lambda f: f.pop("Data.SamplingRate"), "must have the field Data.SamplingRate"),
        (replaced("Data.IR", np.ones((18, 3, 9))), r"Data.IR must .* got \(18, 3, 9\)"),
        (replaced("Data.IR", np.ones((0, 2, 9))), "Data.IR must not be empty"),
        (replaced("Data.IR", np.full((18, 2, 9), np.nan)), "must be finite, got 324 other values"),
        (replaced("SourcePosition", np.ones((5, 3))), r"SourcePosition must .* got \(5, 3\)"),
        (replaced("SourcePosition", np.zeros((18, 3))), "must not be the listener's own"),
        (replaced("Data.SamplingRate", [0.0]), "Data.SamplingRate must be positive, got 0"),
        (replaced("Data.Delay", np.ones((3, 2))), r"Data.Delay must .* got \(3, 2\)"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(written, change, message):
    path, _ = written()
    damage(path, change)
    with pytest.raises(InputError, match=rf"^{path}: .*{message}"):
        read_sofa(path)


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "sound.sofa"
    path.write_bytes(b"RIFF....WAVE")
    with pytest.raises(InputError, match=rf"^{path}: must be a SOFA file"):
        read_sofa(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.sofa"):
        read_sofa(tmp_path / "missing.sofa")
