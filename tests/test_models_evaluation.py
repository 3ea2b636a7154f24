"""Evaluation on small data sets: known networks, sums by hand, reports, tables and figures."""

import json

import cv2
import numpy as np
import pytest
import torch
from recorded_clips import recorded_clip, sounding_clip, write_clips, write_recordings
from stand_ins import BrightSide, Gain

from models.data.table import ClipTable
from models.evaluation.clips import WholeClip
from models.evaluation.evaluate import evaluate
from models.evaluation.features import look_at_clips
from models.evaluation.figures import (
    activation,
    draw_activations,
    draw_errors_by_azimuth,
    draw_tsne,
    project,
)
from models.evaluation.measures import (
    count_sides,
    errors_by_azimuth,
    mean_and_error,
    measure_clip,
    share_and_error,
)
from models.evaluation.report import read_reports, report_name
from models.evaluation.table import as_csv, as_markdown, collect
from models.networks.registry import make_network
from simbinaural.errors import InputError
from simbinaural.metrics.binaural import envelope_distance, peak_normalized, snr_db, stft_distance
from simbinaural.shards import open_dataset

RATE = 16000
SIZE = (96, 48)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    """Sources at known sides; the last clip's stays on the left, then on the right."""
    folder = tmp_path_factory.mktemp("data") / "sim"
    sides = [(30,), (-30,), (5,), (35, -35)]
    clips = [sounding_clip(k, azimuths_deg=each, size=SIZE) for k, each in enumerate(sides)]
    return write_clips(folder, clips)


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=(2, n_samples))).astype(np.float32)


def mono_of(ears):
    return np.stack([ears.mean(axis=0)] * 2)


# --------------------------------------------------------------------------- clips


def test_whole_clips_know_their_moments(sim):
    with open_dataset(sim) as data:
        clip = WholeClip(data.clip("000003"))
        times = [0.3, 0.85, 1.5]
        np.testing.assert_allclose(clip.azimuth_at(times), [35, 35, -35])
        rt60 = data.clip("000003")["rt60_s"][:, 0]
        np.testing.assert_allclose(clip.rt60_at([0.3, 0.85, 1.5]), rt60[[0, 0, 1]])
        pictures = clip.frame_at(times)
        flipped = WholeClip(data.clip("000003"), flip_visual=True).frame_at(times)
        np.testing.assert_array_equal(flipped, pictures[:, :, ::-1])
        bright = np.argmax(pictures[:, 120, :, 2], axis=1)
        assert pictures.shape == (3, 240, 480, 3)
        np.testing.assert_array_equal(bright < 240, [True, True, False])


def test_moments_take_the_nearest_frame(sim):
    with open_dataset(sim) as data:
        clip = WholeClip(data.clip("000003"))
        # Frames are 0.2 s apart; that at 1.0 s is the first to show the right side.
        np.testing.assert_allclose(clip.azimuth_at([0.89, 0.91, 99.0, -1.0]), [35, -35, -35, 35])


def test_azimuths_of_several_sources_are_on_no_side(tmp_path):
    clip = sounding_clip(0, size=SIZE)
    for name in ("dry", "source_position"):
        clip.arrays[name] = np.repeat(clip.arrays[name], 2, axis=0)
    for name in ("rir", "rt60_s", "drr_db", "source_direction", "source_pixel", "source_visible"):
        clip.arrays[name] = np.repeat(clip.arrays[name], 2, axis=1)
    clip.arrays["source_direction"][:, 1, 0] = 77
    with open_dataset(write_clips(tmp_path / "two", [clip, clip, clip])) as data:
        assert WholeClip(data.clip("000000")).azimuth_at is None
    clip.attributes["silent"] = np.array([0])
    with open_dataset(write_clips(tmp_path / "one", [clip, clip, clip])) as data:
        np.testing.assert_allclose(WholeClip(data.clip("000000")).azimuth_at([0.5]), 77)


# --------------------------------------------------------------------------- measures


def test_measures_of_a_perfect_prediction():
    truth = noise(20_000)
    found = measure_clip(truth, truth)["measures"]
    perfect = {name: 0 for name in found} | {"snr_db": np.inf}
    assert found == pytest.approx(perfect, abs=1e-9)
    assert list(found) == [
        "stft_distance",
        "env_distance",
        "stft_distance_normalized",
        "env_distance_normalized",
        "snr_db",
        "wav_distance",
        "phase_error",
        "ild_error_db",
        "itd_error_s",
    ]


def test_measures_under_both_conventions():
    truth, predicted = noise(20_000), 0.5 * noise(20_000, 1)
    found = measure_clip(truth, predicted)["measures"]
    assert found["stft_distance"] == stft_distance(truth, predicted)
    assert found["env_distance"] == envelope_distance(truth, predicted)
    peaks = peak_normalized(truth), peak_normalized(predicted)
    assert found["stft_distance_normalized"] == stft_distance(*peaks)
    assert found["env_distance_normalized"] == envelope_distance(*peaks)


def test_sides_are_counted_where_a_source_is_aside():
    mono = noise(5 * 10_080)[:1]
    truth = np.concatenate([mono, 0.5 * mono])  # louder on the left
    windows = np.array([40.0, -40.0, 10.0, np.nan, 20.0])

    def azimuth_at(times):
        return windows[(np.asarray(times) * RATE // 10_080).astype(int)]

    assert count_sides(truth, truth, azimuth_at) == {"windows": 3, "right": 2, "true": 2}
    assert count_sides(truth, truth[::-1], azimuth_at) == {"windows": 3, "right": 1, "true": 2}
    assert count_sides(truth, mono_of(truth), azimuth_at)["right"] == 1.5
    truth[:, :10_080] *= 1e-4
    assert count_sides(truth, truth, azimuth_at) == {"windows": 2, "right": 1, "true": 1}


def test_errors_gather_by_azimuth():
    azimuths = np.array([-89.0, 1, 9, 12, np.nan, 50])
    ild = np.array([1.0, 2, -4, 3, 100, np.nan])
    sums = errors_by_azimuth(azimuths, ild, 0.1 * ild)
    assert sums.shape == (18, 5)
    np.testing.assert_allclose(sums[0], [1, 1, 1, 0.1, 0.1])
    np.testing.assert_allclose(sums[9], [2, -2, 6, -0.2, 0.6])
    np.testing.assert_allclose(sums[10], [1, 3, 3, 0.3, 0.3])
    assert sums[:, 0].sum() == 4


def test_mean_and_standard_error():
    assert mean_and_error([1, 2, 3, 4, np.nan, np.inf]) == pytest.approx((2.5, np.sqrt(5 / 3) / 2))
    assert mean_and_error([3.0])[0] == 3
    assert np.isnan(mean_and_error([3.0])[1])
    assert np.isnan(mean_and_error([np.nan])).all()


def test_error_of_a_share_counts_clips_not_windows():
    rng = np.random.default_rng(0)
    # Whole clips of 10 windows are right or wrong: as uncertain as 400 coins, not 4,000.
    shares, errors = zip(
        *(share_and_error(10 * rng.integers(0, 2, 400), np.full(400, 10)) for _ in range(200)),
        strict=True,
    )
    assert np.mean(shares) == pytest.approx(0.5, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(shares), rel=0.1)
    assert np.mean(errors) == pytest.approx(0.5 / np.sqrt(400), rel=0.02)
    assert share_and_error([3, 0], [4, 0])[0] == 0.75
    assert np.isnan(share_and_error([0], [0])).all()


# --------------------------------------------------------------------------- evaluate


def test_mono_mono_needs_no_run(sim):
    table = ClipTable.of([sim])
    report = evaluate(make_network("mono-mono"), table, about={"data": ["sim"]})
    with open_dataset(sim) as data:
        truths = [clip["audio"] for clip in data]
    measures = report.measures()
    for name, measure in (
        ("stft_distance", stft_distance),
        ("env_distance", envelope_distance),
        ("snr_db", snr_db),
    ):
        values = [measure(truth, mono_of(truth)) for truth in truths]
        expected = np.mean(values), np.std(values, ddof=1) / 2
        assert measures[name] == pytest.approx(expected, rel=1e-4)
    assert measures["side"] == (0.5, 0)
    # One window of 9 holds the moment in which the last clip's source changes sides.
    assert measures["side_of_truth"][0] >= 8 / 9
    assert report.lines()[0].startswith("stft_distance ")
    mean, error = (float(each) for each in report.lines()[0].split()[1::2])
    assert (mean, error) == pytest.approx(measures["stft_distance"], rel=0.06)


def test_a_network_that_looks_is_misled_by_flipped_pictures(sim):
    table = ClipTable.of([sim], needs=frozenset({"frame"}))
    straight, flipped = (evaluate(BrightSide(), table, flip_visual=flip) for flip in (False, True))
    assert straight.measures()["side"][0] == 1
    assert flipped.measures()["side"][0] == 0
    mono = evaluate(make_network("mono-mono"), table).measures()
    for name in ("stft_distance", "env_distance", "ild_error_db", "phase_error"):
        values = [each.measures()[name][0] for each in (straight, flipped)]
        assert values[0] < mono[name][0] + 1e-9 < values[1] + 2e-9, name
    with pytest.raises(InputError, match="flip-visual must be for a network that looks"):
        evaluate(make_network("mono-mono"), table, flip_visual=True)


def test_errors_by_azimuth_show_the_lean(sim):
    by_azimuth = evaluate(Gain(0.0), ClipTable.of([sim])).by_azimuth()
    np.testing.assert_allclose(by_azimuth["azimuth_deg"], [-35, -25, 5, 35])
    # Mono lies too far to the right of sources on the left, and the other way round.
    aside = [0, 1, 3]
    np.testing.assert_array_equal(np.sign(by_azimuth["ild_bias_db"][aside]), [1, 1, -1])
    np.testing.assert_array_equal(np.sign(by_azimuth["itd_bias_s"][aside]), [1, 1, -1])


def test_legacy_costs_even_the_best_prediction(sim):
    clip = sounding_clip(0, size=SIZE)
    clip.arrays["audio"] = np.stack([clip.arrays["audio"][0] * gain for gain in (1.5, 0.5)])
    table = ClipTable.of([write_clips(sim.parent / "half", [clip] * 3)])
    best, legacy = (evaluate(Gain(0.5), table, legacy=each).measures() for each in (False, True))
    assert best["snr_db"][0] > 60
    assert 12 < legacy["snr_db"][0] < 30
    assert legacy["stft_distance"][0] > 100 * best["stft_distance"][0]


def test_workers_change_nothing_but_the_time(sim):
    network = make_network("mono2binaural", width=0.1).eval()
    table = ClipTable.of([sim], needs=network.needs)
    done = []
    alone = evaluate(network, table, hop_s=0.3, progress=done.append)
    shared = evaluate(network, table, hop_s=0.3, workers=2, progress=done.append)
    assert done == [1] * 8
    assert [clip["clip"] for clip in shared.clips] == [clip["clip"] for clip in alone.clips]
    for one, other in zip(alone.clips, shared.clips, strict=True):
        assert other["measures"] == pytest.approx(one["measures"], rel=1e-4)


def test_recorded_clips_have_no_sides(tmp_path):
    folder = write_recordings(tmp_path / "yt", 3, make=recorded_clip, size=SIZE)
    report = evaluate(make_network("mono-mono"), ClipTable.of([folder]))
    assert "side" not in report.measures()
    assert report.by_azimuth() is None
    assert {"side", "by_azimuth"}.isdisjoint(report.content())


def test_damaged_pictures_are_named(tmp_path):
    clip = sounding_clip(0, size=SIZE)
    clip.arrays["frames"][3] = clip.arrays["frames"][3][:20]
    folder = write_clips(tmp_path / "bad", [sounding_clip(1, size=SIZE), clip, clip])
    with pytest.raises(InputError, match="bad: clip 000001: frame 3 is damaged"):
        evaluate(BrightSide(), ClipTable.of([folder]))


# --------------------------------------------------------------------------- report


def test_reports_are_written_as_json(sim, tmp_path):
    about = {"data": ["sim"], "split": "scene", "part": "test"}
    table = ClipTable.of([sim], split="scene", part="test")
    report = evaluate(BrightSide(), table, about=about)
    path = report.write(tmp_path)
    assert path.name == "evaluation.json"
    content = json.loads(path.read_text())
    assert content["network"] == "bright-side"
    assert (content["data"], content["split"], content["part"]) == (["sim"], "scene", "test")
    assert (content["n_clips"], content["legacy"], content["side"]) == (1, False, 1.0)
    found = content["measures"]["stft_distance"]
    assert found == {"mean": report.measures()["stft_distance"][0], "standard_error": None}
    assert content["clips"][0]["clip"].endswith("clip 000003")
    assert content["clips"][0]["stft_distance"] == found["mean"]
    assert read_reports(tmp_path) == [content]


def test_reports_of_other_conventions_have_names_of_their_own(sim, tmp_path):
    table = ClipTable.of([sim], split="scene", part="test")
    for options in {}, {"legacy": True}, {"flip_visual": True}:
        evaluate(BrightSide(), table, hop_s=0.6, **options).write(tmp_path)
    names = ["evaluation-flipped.json", "evaluation-legacy.json", "evaluation.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert report_name(legacy=True, flip_visual=True) == "evaluation-flipped-legacy.json"


def test_reading_reports_refuses(tmp_path):
    with pytest.raises(InputError, match=r"has no evaluation.json; make it with models evaluate"):
        read_reports(tmp_path)
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(InputError, match=r"evaluation.json: is not valid JSON"):
        read_reports(tmp_path)
    (tmp_path / "evaluation.json").write_text("{}")
    with pytest.raises(InputError, match=r"evaluation.json: is not a report"):
        read_reports(tmp_path)


# --------------------------------------------------------------------------- table


def write_report(folder, network, stft, env, *, error=0.01, name="evaluation", **about):
    folder.mkdir(exist_ok=True)
    pairs = {"stft_distance": stft, "env_distance": env}
    pairs |= {f"{name}_normalized": 10 * value for name, value in pairs.items()}
    measures = {name: {"mean": mean, "standard_error": error} for name, mean in pairs.items()}
    about = {"data": ["x/sim"], "split": "scene", "part": "test", "n_clips": 24} | about
    content = {"network": network, **about, "measures": measures}
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_table_in_the_form_of_the_paper(tmp_path):
    runs = [
        write_report(tmp_path / "a", "apnet", 0.857, 0.127),
        write_report(tmp_path / "b", "mono2binaural", 0.874, 0.129),
        write_report(
            tmp_path / "b",
            "mono2binaural",
            1.082,
            0.142,
            flip_visual=True,
            name="evaluation-flipped",
        ),  # fmt: skip
        write_report(tmp_path / "c", "mono-mono", 1.356, 0.163, error=None),
        write_report(tmp_path / "d", "new", 0.8, 0.128),
        write_report(tmp_path / "e", "mono-mono", 1.348, 0.168, split="position"),
    ]
    runs = [runs[k] for k in (0, 1, 3, 4, 5)]
    table = collect(runs)
    assert as_markdown(*table).splitlines() == [
        "|  | STFT (sim, split scene, test, 24 clips) | ENV (sim, split scene, test, 24 clips) | "
        "STFT (sim, split position, test, 24 clips) | ENV (sim, split position, test, 24 clips) |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| Mono-Mono | 1.356 | 0.163 | **1.348 ± 0.010** | **0.168 ± 0.010** |",
        "| Flipped-Visual (Mono2Binaural) | 1.082 ± 0.010 | 0.142 ± 0.010 | n/a | n/a |",
        "| Mono2Binaural | 0.874 ± 0.010 | 0.129 ± 0.010 | n/a | n/a |",
        "| APNet | 0.857 ± 0.010 | **0.127 ± 0.010** | n/a | n/a |",
        "| new | **0.800 ± 0.010** | 0.128 ± 0.010 | n/a | n/a |",
    ]
    lines = as_csv(*table).splitlines()
    assert lines[0].startswith('method,"STFT (sim, split scene, test, 24 clips)","STFT (sim, ')
    assert lines[1] == "Mono-Mono,1.356,,0.163,,1.348,0.01,0.168,0.01"
    assert lines[4] == "APNet,0.857,0.01,0.127,0.01,,,,"
    assert as_csv(*collect(runs, normalized=True)).splitlines()[4].startswith("APNet,8.57,")


def test_numbers_that_cannot_be_compared_share_no_column(tmp_path):
    runs = [
        write_report(tmp_path / "a", "apnet", 1, 1),
        write_report(tmp_path / "b", "mono-mono", 1, 1, n_clips=25),
        write_report(tmp_path / "c", "audio-only", 1, 1, legacy=True),
        write_report(tmp_path / "d", "audio-only", 1, 1, data=["sim", "yt"], split=None),
    ]
    columns, rows = collect(runs)
    assert columns == [
        "sim, split scene, test, 24 clips",
        "sim, split scene, test, 25 clips",
        "sim, split scene, test, 24 clips, legacy",
        "sim + yt, 24 clips",
    ]
    assert [len(row) for _, row in rows] == [1, 2, 1]


def test_runs_of_one_network_keep_their_names(tmp_path):
    runs = [write_report(tmp_path / name, "apnet", 1, 1) for name in ("first", "second")]
    assert [label for label, _ in collect(runs)[1]] == ["APNet", "APNet [second]"]
    with pytest.raises(InputError, match="runs must be at least one folder"):
        collect([])


# --------------------------------------------------------------------------- figures


def pixels_of(path):
    image = cv2.imread(str(path))
    assert image is not None
    assert image.std() > 5
    return image


def test_figures_are_drawn(sim, tmp_path):
    table = ClipTable.of([sim])
    network = make_network("mono2binaural", width=0.1)
    looks = look_at_clips(network, table, moments=3)
    assert len(looks) == 12
    assert looks[0].features.shape[1:] == (7, 14)
    assert [look.azimuth_deg for look in looks[9:]] == [35, -35, -35]
    draw_activations(tmp_path / "activation.png", looks[:3])
    draw_tsne(tmp_path / "tsne.png", looks)
    reports = {"gain": evaluate(Gain(0.0), table, hop_s=0.6).by_azimuth(), "none": None}
    draw_errors_by_azimuth(tmp_path / "azimuth.png", reports)
    for name in ("activation", "tsne", "azimuth"):
        pixels_of(tmp_path / f"{name}.png")


def test_activation_is_strong_where_features_are():
    features = np.zeros((5, 7, 14))
    features[:, 2, 11] = -3  # either sign
    heat = activation(features, (448, 224))
    row, column = np.unravel_index(np.argmax(heat), heat.shape)
    assert (row // 32, column // 32) == (2, 11)
    assert heat.min() == 0
    assert heat.max() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(activation(np.ones((5, 7, 14)), (448, 224)), 0)


def test_projection_keeps_groups_together():
    rng = np.random.default_rng(0)
    centers = 10 * rng.normal(size=(2, 8, 7, 14))
    features = [centers[k % 2] + rng.normal(size=(8, 7, 14)) for k in range(40)]
    points = project(features)
    apart = np.linalg.norm(points[0::2].mean(axis=0) - points[1::2].mean(axis=0))
    assert apart > 3 * points[0::2].std()
    np.testing.assert_array_equal(points, project(features))


def test_figures_refuse(sim, tmp_path):
    with pytest.raises(InputError, match="network must be one that looks at pictures, got gain"):
        look_at_clips(Gain(0.0), ClipTable.of([sim]))
    with pytest.raises(InputError, match="t-SNE must have at least 5 pictures, got 2"):
        project([np.zeros((1, 7, 14))] * 2)
    with pytest.raises(InputError, match="features of pictures must be finite and differ"):
        project([np.ones((1, 7, 14))] * 8)
    with pytest.raises(InputError, match="reports must know the source's azimuth"):
        draw_errors_by_azimuth(tmp_path / "a.png", {"x": None})
