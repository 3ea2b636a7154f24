"""Sound in blocks (channels, samples) that follow one another, for what is too long to hold."""

import numpy as np
import soxr

from simbinaural.geometry import to_count


def frame_samples(frame):
    """Samples (channels, samples) float32 of a decoded ``av.AudioFrame``, channels in file order.

    Done here and not by FFmpeg's resampler, which remixes what it takes for loudspeakers.
    """
    if frame.format.name == "fltp":  # most codecs; PyAV's own way takes five times as long
        planes = [np.frombuffer(plane, np.float32, frame.samples) for plane in frame.planes]
        return np.array(planes)
    block = frame.to_ndarray()
    if not frame.format.is_planar:
        block = block.reshape(-1, frame.layout.nb_channels).T
    if block.dtype == np.uint8:
        return (block.astype(np.float32) - 128) / 128
    if np.issubdtype(block.dtype, np.integer):
        return (block / -float(np.iinfo(block.dtype).min)).astype(np.float32)
    return block.astype(np.float32)


def resampled(blocks, from_rate, to_rate):
    """Change the sample rate of a stream of blocks.

    Parameters
    ----------
    blocks : iterable of (channels, samples) numpy.ndarray of float32
        One sound, cut anywhere.
    from_rate, to_rate : float
        Samples per second.

    Yields
    ------
    (channels, samples) numpy.ndarray of float32
        In all as `simbinaural.audio.files.resample` gives of the whole.
    """
    stream, n_in, n_out = None, 0, 0
    for block in blocks:
        if stream is None:
            stream = soxr.ResampleStream(from_rate, to_rate, len(block), "float32", "VHQ")
        n_in += block.shape[1]
        ready = stream.resample_chunk(np.ascontiguousarray(block.T))
        n_out += len(ready)
        yield ready.T
    if stream is None:
        return
    # Silence behind, because soxr's own rounding of the length may fall a sample short.
    behind = np.zeros((int(from_rate / to_rate) + 1, len(block)), np.float32)
    rest = stream.resample_chunk(behind, last=True)
    yield rest[: max(0, to_count(n_in * to_rate / from_rate, 1) - n_out)].T


def even_blocks(blocks, length):
    """Cut a stream of blocks anew.

    Parameters
    ----------
    blocks : iterable of (channels, samples) numpy.ndarray
        One sound, cut anywhere.
    length : int
        Samples.

    Yields
    ------
    (channels, length) numpy.ndarray
        The same samples; the last block may be shorter.
    """
    held, n_held = [], 0
    for block in blocks:
        held.append(block)
        n_held += block.shape[1]
        if n_held < length:
            continue
        whole = np.concatenate(held, axis=1)
        while whole.shape[1] >= length:
            yield np.ascontiguousarray(whole[:, :length])
            whole = whole[:, length:]
        held, n_held = [whole], whole.shape[1]
    if n_held:
        yield np.concatenate(held, axis=1)
