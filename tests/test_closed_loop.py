"""The simulator films a home as 360-degree video, and `crop` finds again what was to be seen there.

Direction and sound are compared with the truth of the same clip. In homes most energy comes from
elsewhere than the source: there the chosen view is compared with the one that the exact sound field
asks for, and with the source only where its direct sound prevails.
"""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.signal import butter, correlate, resample_poly, sosfiltfilt

from ambi2binaural.cli import main as ambi2binaural
from ambi2binaural.energy import EnergyMeter
from ambi2binaural.viewpoint import choose_views
from simbinaural.cli import main as simbinaural
from simbinaural.geometry import direction_vectors
from simbinaural.metrics import interaural_level_difference_db
from simbinaural.shards import open_dataset
from simbinaural.video import decode_jpeg

N_CLIPS, DURATION_S, RATE = 2, 4, 16000
PREVAILS_DB = 3

LOW = butter(4, 700, fs=RATE, output="sos")
"""Where first order knows levels and phases at the ears."""


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Truth and what comes back of it: clips of the simulator, of `crop` and of `crop` in full."""
    folder = tmp_path_factory.mktemp("loop")
    sim = folder / "sim"
    what = ("--camera", "equirect", "--audio", "binaural,foa", "--width", 960, "--height", 480)
    # Drums, for tones resemble themselves at many lags; the first one is to the right.
    which = ("--classes", "drum", "--videos", N_CLIPS, "--duration", DURATION_S, "--seed", 2)
    run(simbinaural, "render", *what, *which, "--out", sim)
    films = [folder / f"{number:06d}.mp4" for number in range(N_CLIPS)]
    for film in films:
        run(simbinaural, "export", "--spherical", sim, film.stem, "-o", film)
    for view in ("crop", "full"):
        run(ambi2binaural, "crop", *films, "--view", view, "--fps", 5, "--out", folder / view)
    with (
        open_dataset(sim) as truth,
        open_dataset(folder / "crop") as cropped,
        open_dataset(folder / "full") as full,
    ):
        yield list(zip(truth, cropped, full, strict=True))


def test_whole_views_show_what_was_filmed(loop):
    for truth, _, full in loop:
        np.testing.assert_allclose(full["frame_times"], truth["frame_times"])
        for k in (0, 7, 19):
            filmed, shown = (decode_jpeg(clip.image("frames", k)) for clip in (truth, full))
            filmed = cv2.resize(filmed, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
            other = decode_jpeg(truth.image("frames", (k + 10) % 20))
            other = cv2.resize(other, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
            assert difference(filmed, shown) < 4
            assert difference(filmed, shown) < difference(other, shown)


def difference(a, b):
    return np.sqrt(np.mean((a.astype(float) - b) ** 2))


def test_views_are_those_of_the_exact_sound(loop, record_property):
    errors = []
    for truth, cropped, _ in loop:
        meter = EnergyMeter(RATE, 4)
        meter.feed(truth["ambisonics"])
        exact = choose_views(meter.covariances).views
        assert angles_deg(cropped["viewpoint"], exact).max() <= 5  # twice the grid's step
        moments = (np.arange(len(exact)) * truth.attributes["fps"]).astype(int)
        true = truth["source_direction"][moments, 0, :2]
        errors.append(angles_deg(cropped["viewpoint"], true))
        stays = np.searchsorted(truth["rir_times"], np.arange(len(exact)), side="right") - 1
        prevails = truth["drr_db"][np.clip(stays, 0, None), 0] >= PREVAILS_DB
        assert np.all(errors[-1][prevails] < 10)
    record_property("degrees from the source", np.sort(np.concatenate(errors)).round().tolist())


def angles_deg(a, b):
    """Angles between directions (n, 2), azimuth and elevation in degrees."""
    cosine = np.sum(
        direction_vectors(*np.transpose(a)) * direction_vectors(*np.transpose(b)), axis=-1
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_ears_to_the_front_hear_what_was_heard_there(loop):
    to_one_side = 0
    for truth, _, full in loop:
        for true, found in zip(truth["audio"], full["audio"], strict=True):
            n = min(len(true), len(found))
            assert abs(lag_s(true[:n], found[:n])) < 1e-3
        # In a home the echo of a drum's highs is beyond first order: its sides are told below.
        true_db, found_db = (
            interaural_level_difference_db(sosfiltfilt(LOW, clip["audio"]))
            for clip in (truth, full)
        )
        if abs(true_db) > 1:
            assert np.sign(found_db) == np.sign(true_db)
            to_one_side += 1
    assert to_one_side


def lag_s(true, found, fastest=8):
    """By how much a sound comes late, within 20 ms: where both resemble each other most."""
    true, found = (resample_poly(sosfiltfilt(LOW, ear), fastest, 1) for ear in (true, found))
    likeness = correlate(found, true, method="fft")
    middle, reach = len(true) - 1, int(0.02 * RATE * fastest)
    return (np.argmax(likeness[middle - reach : middle + reach + 1]) - reach) / (RATE * fastest)
