"""Networks and losses, layer by layer and by their gradients."""

from types import SimpleNamespace

import pytest
import torch
from layers import convolutions
from torch import nn

from models.backbones.resnet import ResNet18
from models.losses import labelled_error, weighted_sum
from models.networks.apnet import Association
from models.networks.registry import NETWORKS, make_network
from models.spectrograms import N_SAMPLES, apply_mask, spectrogram, with_last_row
from simbinaural.errors import InputError

TRAINABLE = [name for name, network in NETWORKS.items() if network.trainable]
LOOKING = ["mono2binaural", "apnet"]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def make_windows(gains, *, same_sound=False, labelled=None):
    """Noise that is louder in one ear, and a picture with a bright spot on that side.

    `gains` are the left ear's shares of L + R, one for each window.
    """
    rng = torch.Generator().manual_seed(1)
    gains = torch.tensor(gains)[:, None]
    mono = 0.1 * torch.randn(1 if same_sound else len(gains), N_SAMPLES, generator=rng)
    mono = 2 * mono.expand(len(gains), -1)
    left, right = spectrogram(gains * mono), spectrogram((1 - gains) * mono)
    frame = torch.zeros(len(gains), 3, 224, 448)
    for picture, gain in zip(frame, gains, strict=True):
        at = int(448 * (1 - gain.item()))
        picture[:, 80:140, max(at - 30, 0) : at + 30] = 2.0
    if labelled is None:
        labelled = [True] * len(gains)
    return SimpleNamespace(
        frame=frame,
        mix=left + right,
        difference=left - right,
        left=left,
        right=right,
        labelled=torch.tensor(labelled),
    )


def gradients(network, terms, name="loss"):
    """Which parameters a term of the loss moves."""
    network.zero_grad()
    terms[name].backward(retain_graph=True)
    moved = {}
    for key, parameter in network.named_parameters():
        moved[key] = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
    return moved


# ----------------------------------------------------------------------------------- the layers

DOWN = [
    ("conv", 2, 64, 4, 2, 1, (128, 32)),
    ("conv", 64, 128, 4, 2, 1, (64, 16)),
    ("conv", 128, 256, 4, 2, 1, (32, 8)),
    ("conv", 256, 512, 4, 2, 1, (16, 4)),
    ("conv", 512, 512, 4, 2, 1, (8, 2)),
]
REDUCTION = [("conv", 512, 8, 1, 1, 0, (7, 14))]
UP = [
    ("up", 1024, 256, 4, 2, 1, (32, 8)),
    ("up", 512, 128, 4, 2, 1, (64, 16)),
    ("up", 256, 64, 4, 2, 1, (128, 32)),
    ("up", 128, 2, 4, 2, 1, (256, 64)),
]
PYRAMID = [
    ("conv", 512, 512, 1, 1, 0, (7, 14)),
    ("conv", 512, 256, 1, 1, 0, (7, 14)),
    ("up", 98, 98, 4, 2, 1, (32, 8)),
    ("conv", 512, 128, 1, 1, 0, (7, 14)),
    ("up", 196, 98, 4, 2, 1, (64, 16)),
    ("conv", 512, 64, 1, 1, 0, (7, 14)),
    ("up", 196, 98, 4, 2, 1, (128, 32)),
    ("up", 196, 2, 4, 2, 1, (256, 64)),
    ("up", 196, 2, 4, 2, 1, (256, 64)),
]
LAYERS = {
    "mono-mono": [],
    "audio-only": [*DOWN, ("up", 512, 512, 4, 2, 1, (16, 4)), *UP],
    "mono2binaural": [*REDUCTION, *DOWN, ("up", 784 + 512, 512, 4, 2, 1, (16, 4)), *UP],
}
LAYERS["apnet"] = [*LAYERS["mono2binaural"], *PYRAMID]


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_layer_by_layer(name):
    network, windows = make_network(name), make_windows([0.8])
    used = convolutions(network, windows.mix, windows.frame)
    n_visual = 20 if name in LOOKING else 0
    # The pyramid's associations and up-convolutions may be used in any order of their levels.
    assert used[n_visual : n_visual + 11] == LAYERS[name][:11]
    assert sorted(used[n_visual + 11 :]) == sorted(LAYERS[name][11:])


def test_batchnorm_and_activation_follow_every_convolution_but_the_last():
    network = make_network("apnet")
    unet, pyramid = network.audio.unet, network.fusion
    for layer in unet.down:
        assert [type(part) for part in layer] == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU]
        assert layer[2].negative_slope == 0.2
    for layer in (*unet.up, *pyramid.up):
        assert [type(part) for part in layer] == [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU]
    reduction = [type(part) for part in network.audio.reduction]
    assert reduction == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]


def test_random_weights_are_those_of_public_code():
    network = make_network("apnet")
    for layer in (*network.audio.modules(), *network.fusion.modules()):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert 0.018 < layer.weight.std() < 0.022
            assert layer.bias is None or not layer.bias.any()
        elif isinstance(layer, nn.BatchNorm2d):
            assert 0 < (layer.weight - 1).abs().mean() < 0.04
    # Half of a normal variable's products pass a ReLU: variance 2 / outgoing keeps them level.
    deviation = network.visual.layer4[1].conv2.weight.std().item()
    assert deviation == pytest.approx((2 / 512 / 9) ** 0.5, rel=0.05)


def test_only_convolutions_without_batchnorm_have_a_bias():
    biased = [
        name
        for name, layer in make_network("apnet").named_modules()
        if getattr(layer, "bias", None) is not None and not isinstance(layer, nn.BatchNorm2d)
    ]
    ends = ["audio.unet.last", *(f"fusion.associations.{k}.kernels.0" for k in range(4))]
    assert biased == [*ends, "fusion.left", "fusion.right"]


def test_an_association_weighs_audio_channels_by_the_look_of_each_place():
    association = Association(6, 5)
    visual, audio = torch.randn(2, 6, 7, 14), torch.randn(2, 5, 16, 4)
    maps = association(audio, visual)
    kernels = association.kernels(visual)
    assert maps.shape == (2, 98, 16, 4)
    row, column = 3, 9
    place = (kernels[:, :, row, column, None, None] * audio).sum(1) / 5**0.5
    assert kernels.min() == 0
    torch.testing.assert_close(maps[:, 14 * row + column], place)


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_whole_spectrograms(name):
    network, windows = make_network(name, width=0.25).eval(), make_windows([0.8, 0.3])
    output = network(windows.mix, windows.frame)
    assert output.difference.shape == (2, 2, 257, 64)
    if name == "apnet":
        assert output.left.shape == output.right.shape == output.unfused.shape == (2, 2, 257, 64)
        assert torch.equal(output.difference, output.left - output.right)
    if name in LOOKING:
        assert output.visual.shape == (2, 128, 7, 14)
        assert make_network(name).visual.channels == 512


@pytest.mark.parametrize("name", TRAINABLE)
def test_row_257_takes_row_256s_mask_and_is_not_looked_at(name):
    network, windows = make_network(name, width=0.25).eval(), make_windows([0.8])
    mix = windows.mix.clone()
    mix[:, :, 256] = mix[:, :, 255]
    output = network(mix, windows.frame)
    torch.testing.assert_close(output.difference[:, :, 256], output.difference[:, :, 255])
    louder = mix.clone()
    louder[:, :, 256] *= 10
    changed = network(louder, windows.frame).difference
    assert torch.equal(changed[:, :, :256], output.difference[:, :, :256])
    torch.testing.assert_close(changed[:, :, 256], 10 * output.difference[:, :, 256])


def test_the_unets_mask_is_applied_to_all_rows():
    network, windows = make_network("mono2binaural", width=0.25).eval(), make_windows([0.8])
    output = network(windows.mix, windows.frame)
    mask, _ = network.audio(windows.mix[:, :, :256], output.visual)
    assert mask.abs().max() < 1
    torch.testing.assert_close(output.difference, apply_mask(with_last_row(mask), windows.mix))


def test_mono_mono_says_nothing_of_sides():
    network, windows = make_network("mono-mono"), make_windows([0.8, 0.3])
    output = network(windows.mix, windows.frame)
    assert not output.difference.any()
    truth = windows.difference[:, :, :256].square().mean()
    torch.testing.assert_close(network.loss(windows, output)["loss"], truth)
    assert network.parameter_groups() == []


# ------------------------------------------------------------------------------------ the losses


def test_errors_are_the_mean_of_squares_over_labelled_windows():
    predicted, truth = torch.randn(3, 2, 5), torch.randn(3, 2, 5)
    labelled = torch.tensor([True, False, True])
    error = labelled_error(predicted, truth, labelled)
    torch.testing.assert_close(error, (predicted - truth)[[0, 2]].square().mean())


def test_no_labelled_window_is_no_error():
    predicted = torch.randn(2, 4, requires_grad=True)
    error = labelled_error(predicted, torch.randn(2, 4), torch.tensor([False, False]))
    error.backward()
    assert error == 0
    assert not predicted.grad.any()


def test_hidden_truth_gives_neither_value_nor_gradient_even_where_it_is_nan():
    predicted = torch.randn(2, 4, requires_grad=True)
    truth = torch.stack([torch.zeros(4), torch.full((4,), torch.nan)])
    error = labelled_error(predicted, truth, torch.tensor([True, False]))
    error.backward()
    torch.testing.assert_close(error, predicted[0].square().mean())
    assert predicted.grad[0].all()
    assert not predicted.grad[1].any()


def test_terms_are_added_by_weight():
    terms = weighted_sum({"a": torch.tensor(1.0), "b": torch.tensor(2.0)}, {"b": 10.0})
    assert {name: term.item() for name, term in terms.items()} == {"a": 1, "b": 2, "loss": 21}


@pytest.mark.parametrize("name", TRAINABLE)
def test_a_perfect_prediction_has_no_loss(name):
    network, windows = make_network(name, width=0.25), make_windows([0.8, 0.3])
    output = network(windows.mix, windows.frame)
    perfect = output._replace(
        difference=windows.difference,
        left=windows.left,
        right=windows.right,
        unfused=windows.difference,
    )
    torch.testing.assert_close(network.loss(windows, perfect)["loss"], torch.tensor(0.0))


@pytest.mark.parametrize("name", TRAINABLE)
def test_the_loss_moves_every_parameter(name):
    network, windows = make_network(name, width=0.25), make_windows([0.8, 0.3])
    terms = network.loss(windows, network(windows.mix, windows.frame))
    still = [key for key, moved in gradients(network, terms).items() if not moved]
    assert still == []


def test_apnets_terms_move_their_own_ends():
    network, windows = make_network("apnet", width=0.25), make_windows([0.8, 0.3])
    terms = network.loss(windows, network(windows.mix, windows.frame))
    moved = gradients(network, terms, "difference")
    assert {key for key in moved if key.startswith("fusion.")} == unmoved(moved)
    moved = gradients(network, terms, "fusion")
    assert unmoved(moved) == {"audio.unet.last.weight", "audio.unet.last.bias"}
    torch.testing.assert_close(terms["loss"], terms["difference"] + terms["fusion"])


def unmoved(moved):
    return {key for key, value in moved.items() if not value}


def test_the_fusion_loss_is_twice_the_error_of_both_ears():
    network, windows = make_network("apnet", width=0.25), make_windows([0.8, 0.3])
    output = network(windows.mix, windows.frame)
    ears = [
        (predicted - truth)[:, :, :256].square().mean()
        for predicted, truth in ((output.left, windows.left), (output.right, windows.right))
    ]
    torch.testing.assert_close(network.loss(windows, output)["fusion"], 2 * sum(ears))


@pytest.mark.parametrize("name", TRAINABLE)
def test_unlabelled_windows_change_no_gradient(name):
    """Batch statistics frozen: they see all windows."""
    network = make_network(name, width=0.25).eval()
    alone, both = make_windows([0.8]), make_windows([0.8, 0.3], labelled=[True, False])
    found = []
    for windows in (alone, both):
        network.zero_grad()
        network.loss(windows, network(windows.mix, windows.frame))["loss"].backward()
        found.append([parameter.grad.clone() for parameter in network.parameters()])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6)


# ---------------------------------------------------------------------------------- the learning


def train(network, windows, *, steps=60, until=0.1):
    """Return the loss of each step, until it has fallen to a share; batch statistics move."""
    optimizer = torch.optim.Adam(network.parameter_groups())
    losses = []
    while len(losses) < steps and (not losses or losses[-1] > until * losses[0]):
        loss = network.loss(windows, network(windows.mix, windows.frame))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_two_windows_are_learned_by_heart():
    losses = train(make_network("audio-only", width=0.25), make_windows([0.85, 0.3]))
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize("name", LOOKING)
def test_two_windows_are_learned_by_heart_where_the_picture_alone_tells_the_side(name):
    windows = make_windows([0.9, 0.1], same_sound=True)
    losses = train(make_network(name, width=0.25), windows)
    assert losses[-1] < 0.1 * losses[0]


def test_who_does_not_look_cannot_tell_the_side():
    windows = make_windows([0.9, 0.1], same_sound=True)
    losses = train(make_network("audio-only", width=0.25), windows)
    assert min(losses) > 0.99 * windows.difference[:, :, :256].square().mean()


@pytest.mark.parametrize("name", ["mono-mono", "audio-only"])
def test_who_does_not_look_needs_no_picture(name):
    network, windows = make_network(name, width=0.25).eval(), make_windows([0.8])
    blind = network(windows.mix, None).difference
    assert torch.equal(network(windows.mix, windows.frame).difference, blind)


@pytest.mark.parametrize("name", TRAINABLE)
def test_each_parameter_learns_at_the_papers_rate(name):
    network = make_network(name, width=0.25)
    groups = network.parameter_groups()
    rates = {"visual": 1e-4, "audio": 1e-3, "fusion": 1e-3}
    assert {group["name"]: group["lr"] for group in groups}.items() <= rates.items()
    grouped = [parameter for group in groups for parameter in group["params"]]
    assert len(grouped) == len({*map(id, grouped)}) == len(list(network.parameters()))
    if name in LOOKING:
        assert {*map(id, groups[0]["params"])} == {*map(id, network.visual.parameters())}


# ----------------------------------------------------------------------------- width, speed, seed


@pytest.mark.parametrize("name", TRAINABLE)
def test_width_scales_all_channels(name):
    sizes = [sum(p.numel() for p in make_network(name, width=w).parameters()) for w in (0.5, 1)]
    assert 3 < sizes[1] / sizes[0] < 4


def test_no_width_is_refused():
    with pytest.raises(InputError, match="width must be greater than 0, got 0"):
        make_network("audio-only", width=0)


@pytest.mark.parametrize("name", TRAINABLE)
def test_the_same_seed_makes_the_same_network(name):
    networks = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        networks.append(make_network(name, width=0.25).state_dict())
    assert all(torch.equal(networks[0][key], networks[1][key]) for key in networks[0])
    assert not all(torch.equal(networks[0][key], networks[2][key]) for key in networks[0])


@pytest.mark.parametrize("name", TRAINABLE)
def test_bfloat16_and_channels_last_say_the_same(name):
    network, windows = make_network(name, width=0.25).eval(), make_windows([0.8, 0.3])
    plain = network(windows.mix, windows.frame)
    last = network.to(memory_format=torch.channels_last)
    frame = windows.frame.to(memory_format=torch.channels_last)
    swapped = last(windows.mix.to(memory_format=torch.channels_last), frame)
    torch.testing.assert_close(swapped.difference, plain.difference, rtol=1e-3, atol=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = last(windows.mix, frame)
        loss = last.loss(windows, half)["loss"]
    assert half.difference.dtype == loss.dtype == torch.float32
    scale = plain.difference.abs().max()
    assert (half.difference - plain.difference).abs().max() < 0.03 * scale
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_one_graph_to_the_compiler(name):
    network, windows = make_network(name, width=0.25).eval(), make_windows([0.8])
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    plain, output = (n(windows.mix, windows.frame) for n in (network, compiled))
    torch.testing.assert_close(output.difference, plain.difference)
    torch.compiler.reset()


# ----------------------------------------------------------------------------------- the registry


def test_networks_are_known_by_name():
    assert list(NETWORKS) == ["mono-mono", "audio-only", "mono2binaural", "apnet"]
    assert {name for name, network in NETWORKS.items() if "frame" in network.needs} == {*LOOKING}
    assert not NETWORKS["mono-mono"].trainable


@pytest.mark.parametrize("name", LOOKING)
def test_visual_weights_reach_the_network(name, tmp_path):
    weights = {key: value + 1 for key, value in ResNet18().state_dict().items()}
    torch.save(weights, tmp_path / "weights.pth")
    network = make_network(name, visual_weights=tmp_path / "weights.pth")
    assert torch.equal(network.visual.layer4[1].conv2.weight, weights["layer4.1.conv2.weight"])


def test_unknown_networks_are_named_with_the_known():
    with pytest.raises(InputError, match="one of mono-mono, audio-only.* got 'unet'"):
        make_network("unet")
