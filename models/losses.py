"""How far predictions are from the truth, over the windows whose truth is known."""

import torch

from models.spectrograms import as_floats


def labelled_error(predicted, truth, labelled):
    """Mean squared error of labelled windows.

    Parameters
    ----------
    predicted, truth : (B, ...) torch.Tensor
        Any quantity of B windows.
    labelled : (B,) torch.Tensor of bool
        Windows whose truth may be looked at.

    Returns
    -------
    () torch.Tensor
        Mean over all numbers of the labelled windows, in float32 or better; 0 when there are none.

    Notes
    -----
    Of other windows neither value nor gradient is taken, even where they are not finite. Each
    process of a distributed training takes the mean over its own windows: with unlabelled windows
    among them, the average of these means weighs a process with few as much as one with many.
    """
    shown = labelled.view(-1, *[1] * (predicted.ndim - 1))
    # Selected before squaring: the gradient of a square that is thrown away would be NaN x 0.
    error = torch.where(shown, as_floats(predicted) - as_floats(truth), 0.0)
    count = labelled.sum().clamp(min=1) * predicted[0].numel()
    return error.square().sum() / count


def weighted_sum(terms, weights=None):
    """Add up the terms of a loss.

    Parameters
    ----------
    terms : dict of str to () torch.Tensor
        Named terms.
    weights : dict of str to float, optional
        Their weights, 1 where none is given.

    Returns
    -------
    dict of str to () torch.Tensor
        The terms as they are, and their weighted sum as ``loss``.
    """
    weights = weights or {}
    total = sum(weights.get(name, 1.0) * term for name, term in terms.items())
    return {**terms, "loss": total}
