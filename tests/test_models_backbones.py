"""Networks that look at pictures, under torchvision's names, and where their weights come from."""

import sys

import pytest
import torch
import torch.nn.functional as F
from layers import convolutions

from models.backbones.resnet import ResNet18
from models.backbones.vgg import VGG19
from models.backbones.weights import default_visual_weights, load_visual_weights
from models.backbones.widths import scaled
from simbinaural.errors import InputError

# ------------------------------------------------------------------------------------ backbones


def torchvision_resnet18():
    """Names and shapes of torchvision's resnet18, the classifier's apart."""
    shapes = {"conv1.weight": (64, 3, 7, 7)} | norm("bn1", 64)
    inputs = 64
    for stage, channels in zip((1, 2, 3, 4), (64, 128, 256, 512), strict=True):
        for block in (0, 1):
            at = f"layer{stage}.{block}"
            shapes[f"{at}.conv1.weight"] = (channels, inputs, 3, 3)
            shapes |= norm(f"{at}.bn1", channels)
            shapes[f"{at}.conv2.weight"] = (channels, channels, 3, 3)
            shapes |= norm(f"{at}.bn2", channels)
            if stage > 1 and block == 0:
                shapes[f"{at}.downsample.0.weight"] = (channels, inputs, 1, 1)
                shapes |= norm(f"{at}.downsample.1", channels)
            inputs = channels
    return shapes


def norm(name, channels):
    vectors = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{key}": (channels,) for key in vectors} | {f"{name}.num_batches_tracked": ()}


RESNET18_HEAD = {"fc.weight": (1000, 512), "fc.bias": (1000,)}


def torchvision_vgg19():
    """Names and shapes of torchvision's vgg19, the classifier's apart."""
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
    outputs = (64, 64, 128, 128, 256, 256, 256, 256, *[512] * 8)
    shapes = {}
    for at, n_in, n_out in zip(places, (3, *outputs), outputs, strict=False):
        shapes[f"features.{at}.weight"] = (n_out, n_in, 3, 3)
        shapes[f"features.{at}.bias"] = (n_out,)
    return shapes


VGG19_HEAD = {
    "classifier.0.weight": (4096, 25088),
    "classifier.0.bias": (4096,),
    "classifier.3.weight": (4096, 4096),
    "classifier.3.bias": (4096,),
    "classifier.6.weight": (1000, 4096),
    "classifier.6.bias": (1000,),
}


def shapes_of(network):
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def count(shapes):
    learned = [s for key, s in shapes.items() if "running" not in key and "num_batch" not in key]
    return sum(torch.Size(shape).numel() for shape in learned)


def test_resnet_bears_torchvisions_names_and_shapes():
    assert shapes_of(ResNet18()) == torchvision_resnet18()
    # What torchvision publishes as num_params.
    assert count(torchvision_resnet18() | RESNET18_HEAD) == 11_689_512


def test_vgg_bears_torchvisions_names_and_shapes():
    assert shapes_of(VGG19()) == torchvision_vgg19()
    assert count(torchvision_vgg19() | VGG19_HEAD) == 143_667_240


def test_resnet_layer_by_layer():
    block = lambda n, size: ("conv", n, n, 3, 1, 1, size)  # noqa: E731
    wanted = [("conv", 3, 64, 7, 2, 3, (112, 224)), *[block(64, (56, 112))] * 4]
    for n, size in ((64, (28, 56)), (128, (14, 28)), (256, (7, 14))):
        # In the order of use, the shortcut comes first.
        wanted += [("conv", n, 2 * n, 1, 2, 0, size), ("conv", n, 2 * n, 3, 2, 1, size)]
        wanted += [block(2 * n, size)] * 3
    assert convolutions(ResNet18(), torch.zeros(1, 3, 224, 448)) == wanted


def functional_resnet(x, weights):
    """ResNet-18 from its weights alone, a second way."""

    def layer(x, conv, bn, **options):
        x = F.conv2d(x, weights[f"{conv}.weight"], **options)
        names = ("running_mean", "running_var", "weight", "bias")
        mean, var, scale, shift = (weights[f"{bn}.{name}"][:, None, None] for name in names)
        return (x - mean) / torch.sqrt(var + 1e-5) * scale + shift

    x = F.max_pool2d(layer(x, "conv1", "bn1", stride=2, padding=3).clamp(min=0), 3, 2, 1)
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            at, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = layer(x, f"{at}.conv1", f"{at}.bn1", stride=stride, padding=1).clamp(min=0)
            y = layer(y, f"{at}.conv2", f"{at}.bn2", padding=1)
            if stride == 2:
                x = layer(x, f"{at}.downsample.0", f"{at}.downsample.1", stride=2)
            x = (x + y).clamp(min=0)
    return x


def test_resnet_computes_what_its_weights_say():
    network = ResNet18(width=0.25).eval().double()
    for key, value in network.state_dict().items():
        if "num_batches" not in key and "conv" not in key:
            value.copy_(torch.rand_like(value) + 0.5)
    frame = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    with torch.no_grad():
        truth = functional_resnet(frame, network.state_dict())
        torch.testing.assert_close(network(frame), truth)


def test_vgg_gives_three_levels_at_an_eighth():
    network = VGG19(width=0.25)
    assert network.channels == (64, 128, 128)
    levels = network(torch.zeros(1, 3, 176, 320))
    assert [tuple(level.shape) for level in levels] == [
        (1, 64, 22, 40),
        (1, 128, 22, 40),
        (1, 128, 22, 40),
    ]
    sizes = [size for *_, size in convolutions(network, torch.zeros(1, 3, 176, 320))]
    assert sizes == [(176, 320)] * 2 + [(88, 160)] * 2 + [(44, 80)] * 4 + [(22, 40)] * 8


def test_vggs_fourth_pooling_takes_a_pixel_and_those_after_it():
    network = VGG19(width=0.25)
    pooled = network.features[27](torch.tensor([[[[1.0, 5, 2], [0, 3, 4]]]]))
    assert pooled.tolist() == [[[[5, 5, 4], [3, 4, 4]]]]


# -------------------------------------------------------------------------------------- weights


def fake_weights(shapes):
    return {key: torch.randn(shape) if shape else torch.tensor(1) for key, shape in shapes.items()}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_of_weights_are_taken_with_or_without_classifier(tmp_path, suffix):
    weights = fake_weights(torchvision_resnet18() | RESNET18_HEAD)
    save(tmp_path / f"weights{suffix}", weights)
    network = ResNet18()
    load_visual_weights(network, str(tmp_path / f"weights{suffix}"))
    for key, value in network.state_dict().items():
        assert torch.equal(value, weights[key]), key


def save(path, weights):
    if path.suffix == ".safetensors":
        pytest.importorskip("safetensors.torch").save_file(weights, path)
    else:
        torch.save(weights, path)


def test_vgg_takes_a_file(tmp_path):
    weights = fake_weights(torchvision_vgg19())
    save(tmp_path / "vgg.pth", weights)
    network = VGG19()
    load_visual_weights(network, tmp_path / "vgg.pth")
    assert torch.equal(network.features[34].bias, weights["features.34.bias"])


def test_old_files_that_count_no_batches_are_taken(tmp_path):
    weights = fake_weights(torchvision_resnet18())
    save(tmp_path / "old.pth", {k: v for k, v in weights.items() if "num_batches" not in k})
    network = ResNet18()
    load_visual_weights(network, tmp_path / "old.pth")
    assert torch.equal(network.conv1.weight, weights["conv1.weight"])


def test_missing_unknown_and_misshapen_keys_are_named(tmp_path):
    weights = fake_weights(torchvision_resnet18())
    path = tmp_path / "weights.pth"
    save(path, {key: value for key, value in weights.items() if key != "bn1.bias"})
    with pytest.raises(InputError, match=r"weights\.pth: .* lack bn1\.bias$"):
        load_visual_weights(ResNet18(), path)
    save(path, weights | {"layer5.0.conv1.weight": torch.zeros(1)})
    with pytest.raises(InputError, match=r"unknown keys layer5\.0\.conv1\.weight"):
        load_visual_weights(ResNet18(), path)
    save(path, weights | {"conv1.weight": torch.zeros(64, 1, 7, 7)})
    with pytest.raises(
        InputError, match=r"conv1\.weight must have shape \(64, 3, 7, 7\), got \(64, 1, 7, 7\)"
    ):
        load_visual_weights(ResNet18(), path)
    save(path, weights)
    with pytest.raises(InputError, match=r"and 97 more must fit .* fit --width 1 only"):
        load_visual_weights(ResNet18(width=0.25), path)


def test_a_refused_file_changes_nothing(tmp_path):
    save(tmp_path / "half.pth", {"conv1.weight": torch.zeros(64, 3, 7, 7)})
    network = ResNet18()
    before = network.conv1.weight.clone()
    with pytest.raises(InputError, match=r"lack bn1\.weight, bn1\.bias, .* and 96 more"):
        load_visual_weights(network, tmp_path / "half.pth")
    assert torch.equal(network.conv1.weight, before)


class Harmful:
    def __reduce__(self):
        return print, ("code of the file ran",)


def test_files_that_are_no_weights_are_refused_and_run_no_code(tmp_path, capsys):
    with pytest.raises(InputError, match="no such file of visual weights; pass"):
        load_visual_weights(ResNet18(), "nowhere.pth")
    for name in ("text.pth", "text.safetensors"):
        (tmp_path / name).write_text("not weights at all")
        with pytest.raises(InputError, match=f"{name}: no weights can be read from it"):
            load_visual_weights(ResNet18(), tmp_path / name)
    (tmp_path / "empty.pth").write_bytes(b"")
    with pytest.raises(InputError, match="no weights can be read"):
        load_visual_weights(ResNet18(), tmp_path / "empty.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="holds no state dict"):
        load_visual_weights(ResNet18(), tmp_path / "list.pth")
    torch.save(Harmful(), tmp_path / "harmful.pth")
    with pytest.raises(InputError, match="no weights can be read"):
        load_visual_weights(ResNet18(), tmp_path / "harmful.pth")
    assert capsys.readouterr().out == ""


TORCHVISION = """
import torch
class models:
    def get_model(name, weights):
        assert (name, weights) == ("resnet18", "IMAGENET1K_V1")
        return models
    def state_dict():
        return torch.load({path!r})
"""


def test_imagenet_is_the_default_where_torchvision_is(tmp_path, monkeypatch):
    weights = fake_weights(torchvision_resnet18() | RESNET18_HEAD)
    save(tmp_path / "weights.pth", weights)
    source = TORCHVISION.format(path=str(tmp_path / "weights.pth"))
    (tmp_path / "torchvision.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    assert default_visual_weights() == "imagenet"
    network = ResNet18()
    load_visual_weights(network, "imagenet")
    assert torch.equal(network.conv1.weight, weights["conv1.weight"])
    monkeypatch.delitem(sys.modules, "torchvision")


def test_without_torchvision_chance_is_the_default(monkeypatch):
    monkeypatch.setattr("models.backbones.weights._has_torchvision", lambda: False)
    assert default_visual_weights() == "none"
    with pytest.raises(InputError, match="torchvision is not installed; install it, or pass"):
        load_visual_weights(ResNet18(), "imagenet")


@pytest.mark.parametrize(
    ("channels", "width", "wanted"),
    [(64, 1, 64), (64, 0.25, 16), (64, 0.1, 8), (512, 0.3, 152), (8, 0.25, 8), (8, 2, 16)],
)
def test_channels_are_scaled_to_multiples_of_four(channels, width, wanted):
    assert scaled(channels, width) == wanted
