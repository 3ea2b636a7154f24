"""Which convolutions a network uses, for tests that hold them to a paper's."""

import torch
from torch import nn


def convolutions(network, *inputs):
    """(type, in, out, kernel, stride, padding, output's rows and columns) in order of their use."""
    seen, handles = [], []

    def note(layer, _, output):
        kind = "up" if isinstance(layer, nn.ConvTranspose2d) else "conv"
        sizes = (layer.in_channels, layer.out_channels)
        shape = (layer.kernel_size[0], layer.stride[0], layer.padding[0])
        seen.append((kind, *sizes, *shape, tuple(output.shape[2:])))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            handles.append(layer.register_forward_hook(note))
    with torch.no_grad():
        network.eval()(*inputs)
    for handle in handles:
        handle.remove()
    return seen
