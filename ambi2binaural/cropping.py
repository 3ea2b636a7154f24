"""One file to clips: two passes over the sound, and one over the pictures beside them.

::

    sound ──► energy ──► views ─┬─────────────────► pictures ──► frames ─┐
      │                         │                                        ├──► clips
      └─────────────────────────┴─► level ──► gain ──► ears ─────────────┘

A picture waits until its own second is heard, not for the rest of the sound, nor for the level, nor
for the clip before it to be written: the decoder, the views, the passes over the sound and
everything else run on threads of their own. Nothing is held but a few frames and clips and, up to
`KEPT_BYTES`, the sound, however long the file.
"""

from contextlib import ExitStack
from threading import Event

import numpy as np

from ambi2binaural.ahead import ahead, beside
from ambi2binaural.description import describe
from ambi2binaural.energy import AZIMUTHS_DEG, ELEVATIONS_DEG, EnergyMeter, energy_map
from ambi2binaural.info import Measures
from ambi2binaural.listening import Directions, FirstPass, Kept, Listening
from ambi2binaural.reading import MediaReader
from ambi2binaural.rendering import BinauralStream
from ambi2binaural.viewpoint import ViewChooser, Viewpoints
from simbinaural.ambisonics import n_channels
from simbinaural.audio import even_blocks, from_db, to_db
from simbinaural.decoding import design_decoder
from simbinaural.errors import require
from simbinaural.geometry import IDENTITY, orientation_towards, to_count
from simbinaural.hrtf import load_hrtf
from simbinaural.shards import ClipData

LEVEL_DB = -26.0
"""RMS level that a file is brought to, both ears together, unless its peaks forbid it."""

PEAK_DB = -1.0

FRAMES_AHEAD = 4
"""Frames that are decoded before they are asked for: 11 MB each of 3840 x 1920."""

CLIPS_AHEAD = 2
"""Clips whose pictures are made while an earlier one is written, or the level is still measured."""

SHORTEST_S = 1.0
"""A rest of a file shorter than this makes no clip."""


class FileCropper:
    """Make the clips of one file.

    Parameters
    ----------
    path : path-like
        The video.
    options : CropOptions
        What clips are made.
    audio : path-like, optional
        Its sound, where that is another file.

    Attributes
    ----------
    description : Description
        What the file holds.
    notes : list of str
        What the user should know; grows while clips are made.

    Raises
    ------
    InputError
        If the file cannot be used; the message names it.
    """

    def __init__(self, path, options, *, audio=None):
        self.options = options
        self.description = describe(path, audio=audio, overrides=options.overrides)
        self.notes = list(self.description.notes)
        layout = self.description.audio
        self.order = min(layout.order, options.order)
        if layout.order > self.order:
            self.notes.append(
                f"order {layout.order}: the first {n_channels(self.order)} channels are used "
                f"(crop --order {layout.order} uses all)"
            )
        if layout.head_locked and options.head_locked == "drop":
            self.notes.append("head-locked stereo is left out")
        self.reader = MediaReader(
            self.description.path,
            self.description.audio_path,
            audio_track=self.description.audio_track,
        )
        # Beside the first pass over the sound, which does not need it.
        self._designed = beside(_design, options, self.order)
        self._sound = None
        self._given_up = Event()

    @property
    def decoder(self):
        """What turns ambisonics into the sound at the ears."""
        return self._designed.result()

    def sound(self):
        """Read the sound: AmbiX (channels, samples) and head-locked (2 or 0, samples) blocks."""
        if self._sound is not None:
            yield from self._sound
            return
        layout = self.description.audio
        kept = Kept()
        for block in self.reader.sound(self.options.sample_rate):
            if self._given_up.is_set():
                return
            ambix = layout.to_ambix(block)[: n_channels(self.order)]
            pair = ambix, layout.to_head_locked(block)
            kept.add(pair)
            yield pair
        self._sound = kept.all

    def listen(self):
        """Begin to hear the whole sound twice: for the views, then for the level at the ears.

        Returns
        -------
        Listening
            At once. If no sound decodes, what is asked of it raises `InputError`.
        """
        directions = Directions()
        return Listening(directions, beside(self._first_pass, directions))

    def _first_pass(self, directions):
        options, rate = self.options, self.options.sample_rate
        meter = EnergyMeter(rate, n_channels(self.order), options.band_hz)
        chooser = ViewChooser(steady_db=options.steady_db)
        n_samples = n_seconds = 0
        rest = []
        try:
            for ambix, _ in self.sound():
                meter.feed(ambix)
                n_samples += ambix.shape[1]
                whole = meter.since(n_seconds)[: n_samples // rate - n_seconds]
                n_seconds += len(whole)
                directions.extend(chooser.feed(whole))
            rest = [*chooser.feed(meter.since(n_seconds)), *chooser.finish()]
        finally:
            directions.extend(rest, last=True)  # nobody waits any longer, whatever happened
        self.notes += _sound_notes(meter.covariances)
        require(n_samples > 0, f"{self.description.audio_path}: sound must decode, got none")
        views = Viewpoints.of(directions.found)
        return FirstPass(n_samples, meter.covariances, views, beside(self._level, views, n_samples))

    def _level(self, views, n_samples):
        """Gain in dB that brings the ears to `LEVEL_DB`, and what was heard, if it can be kept."""
        energy = peak = 0.0
        heard = Kept()
        for ears, ambix in self.ears(views):
            energy += float(np.sum(np.square(ears, dtype=float)))
            peak = max(peak, float(np.max(np.abs(ears), initial=0)))
            heard.add((ears, ambix))
        rms = np.sqrt(energy / (2 * n_samples))
        gain_db = min(LEVEL_DB - to_db(rms), PEAK_DB - to_db(peak)) if peak else 0.0
        if heard.all is not None:
            self._sound = None  # nobody will ask for it again
        return float(gain_db), heard.all

    def ears(self, views):
        """Decode the sound for the views: binaural (2, n) and AmbiX (channels, n) blocks."""
        front = np.zeros((1, 2))
        stream = BinauralStream(self.decoder, front if self._whole else views.views)
        waiting = [np.zeros((n_channels(self.order), 0), np.float32)]
        for ears, ambix in self._decoded(stream):
            waiting.append(ambix)
            together = np.concatenate(waiting, axis=1)
            waiting = [together[:, ears.shape[1] :]]
            yield ears, together[:, : ears.shape[1]]

    def _decoded(self, stream):
        """Ears as they are ready, with head-locked stereo mixed in, and AmbiX as it is read."""
        behind = np.zeros((2, 0), np.float32)
        for ambix, locked in self.sound():
            locked = locked if len(locked) and self.options.head_locked == "mix" else None
            behind = np.concatenate([behind, _or_silence(locked, ambix)], axis=1)
            ears = stream.feed(ambix)
            yield ears + behind[:, : ears.shape[1]], ambix
            behind = behind[:, ears.shape[1] :]
        ears = stream.finish()
        yield ears + behind[:, : ears.shape[1]], np.zeros((n_channels(self.order), 0), np.float32)

    @property
    def _whole(self):
        return self.options.view == "full"

    def clips(self, *, first=0):
        """Listen, then make the clips of the file, one after the other.

        Parameters
        ----------
        first : int
            Number of the clip to begin with.

        Yields
        ------
        ClipData

        Raises
        ------
        InputError
            If no sound decodes.
        """
        self._given_up.clear()
        with ExitStack() as leaving:
            leaving.callback(self._given_up.set)
            listening = self.listen()
            stated_s = self.reader.picture.stated_s
            # Where pictures do not say how long they last, only the sound tells which to ask for.
            asked_s = stated_s if stated_s > 0 else self._duration_s(listening)
            asked = clip_spans(asked_s, self.options)[first:]
            frames = leaving.enter_context(
                ahead(self.reader.frames(self._times(asked)), FRAMES_AHEAD)
            )
            pictures = leaving.enter_context(
                ahead(self._pictures_of(asked, frames, listening), CLIPS_AHEAD)
            )
            # Before those two, which may wait for the sound.
            leaving.callback(self._given_up.set)
            yield from self._clips(first, asked, pictures, listening)

    def _times(self, spans):
        """Moments of all pictures."""
        fps = self.options.fps
        return [start + k / fps for start, end in spans for k in range(to_count(end - start, fps))]

    def _spans(self, asked, listening):
        """Yield the asked spans as far as the sound lasts, each as soon as that is known."""
        for start, end in asked:
            if not listening.directions.last_for(int(np.ceil(end))):
                shorter = clip_spans(self._duration_s(listening), self.options)
                yield from (span for span in shorter if span[0] >= start)
                return
            yield start, end

    def _clips(self, first, asked, pictures, listening):
        spans, sounds = self._spans(asked, listening), self._sound_of(first, listening)
        for span, sound, (frames, directions) in zip(spans, sounds, pictures, strict=False):
            wanted = to_count(span[1] - span[0], self.options.fps)
            length_s = min(span[1] - span[0], len(frames) / self.options.fps)
            if length_s < min(SHORTEST_S, span[1] - span[0]):
                break  # the pictures end here, before the file says so
            n = to_count(length_s, self.options.sample_rate)
            ears, ambix = (samples[:, :n] for samples in sound)
            yield self._clip(span[0], frames, directions, ears, ambix, listening)
            if len(frames) < wanted:
                break
        spans = clip_spans(self._duration_s(listening), self.options)[first:]
        if spans:
            self._tell_what_is_missing(spans[-1][1])

    def _tell_what_is_missing(self, asked_s):
        """Note what does not decode; nobody asked for pictures beyond the end of the sound."""
        picture, sounding = self.reader.picture, self.reader.sounding
        unseen_s = min(picture.stated_s, asked_s) - picture.decoded_s
        tracks = (
            ("pictures decode", picture, unseen_s),
            ("sound decodes", sounding, sounding.missing_s),
        )
        for words, extent, missing_s in tracks:
            if missing_s > SHORTEST_S or extent.n_damaged:
                self.notes.append(
                    f"{words} for {extent.decoded_s:.1f} of {extent.stated_s:.1f} s"
                    + (f"; damaged packets: {extent.n_damaged}" * (extent.n_damaged > 0))
                )

    def _duration_s(self, listening):
        """Seconds that both pictures and sound last, as far as that is known beforehand."""
        sound_s = listening.n_samples / self.options.sample_rate
        stated = self.reader.picture.stated_s
        return min(sound_s, stated) if stated > 0 else sound_s

    def _pictures_of(self, asked, frames, listening):
        """Yield the pictures of each span, and their directions: fewer where the frames end."""
        # Loading OpenCV takes a while, in which the decoder is already at work.
        from ambi2binaural.filming import film
        from ambi2binaural.views import ViewWarp

        options = self.options
        warp = ViewWarp(self.description.video, options.camera, interpolation=options.interpolation)
        looks = ((frame, self._direction(wanted, listening)) for wanted, _, frame in frames)
        pictures = film(warp, looks)
        for start, end in self._spans(asked, listening):
            yield _take(pictures, to_count(end - start, options.fps))

    def _direction(self, time, listening):
        """Where the view of a moment looks: azimuth_deg, elevation_deg."""
        if self._whole:
            return 0.0, 0.0
        return listening.directions.at(int(time + 1e-9))

    def _sound_of(self, first, listening):
        """Ears and AmbiX of each clip from the first on, after the gain."""
        rate, gain = self.options.sample_rate, np.float32(from_db(listening.gain_db))
        heard = self.ears(listening.views) if listening.heard is None else listening.heard
        blocks = (np.concatenate(pair) for pair in heard)
        length = to_count(self.options.clip_s, rate)
        for number, block in enumerate(even_blocks(blocks, length)):
            if number >= first:
                yield block[:2] * gain, block[2:6] * gain

    def _clip(self, start, frames, directions, ears, ambix, listening):
        options, camera = self.options, self.options.camera
        seconds = slice(int(start), int(np.ceil(start + len(frames) / options.fps)))
        maps = energy_map(listening.covariances[seconds])
        towards = {way: orientation_towards(*way) for way in set(directions)}
        orientations = [IDENTITY if self._whole else towards[way] for way in directions]
        arrays = {
            "audio": np.ascontiguousarray(ears),
            "ambisonics": np.ascontiguousarray(ambix),
            "frames": frames,
            "frame_times": np.arange(len(frames)) / options.fps,
            "camera": np.column_stack([np.zeros((len(frames), 3)), np.array(orientations)]),
            "viewpoint": listening.views.marked[seconds],
            "energy_map": maps.astype(np.float32),
        }
        path = self.description.path
        attributes = {
            "sample_rate": options.sample_rate,
            "fps": float(options.fps),
            "width": camera.width,
            "height": camera.height,
            "projection": camera.projection,
            "fov_deg": float(camera.fov_deg),
            "gain_db": listening.gain_db,
            "hrtf": self.decoder.hrtf,
            "decoder": self.decoder.method,
            "order": self.order,
            "origin": "ambisonic",
            "scene": path.stem,
            "source_file": path.name,
            "source_start_s": float(start),
        }
        axes = {"azimuth_deg": AZIMUTHS_DEG, "elevation_deg": ELEVATIONS_DEG}
        return ClipData(arrays, attributes, {"energy_map": axes})


def _design(options, order):
    hrtf = load_hrtf(options.hrtf, options.sample_rate)
    return design_decoder(hrtf, order, options.decoder)


def _sound_notes(covariances):
    """What to beware of in a sound, of the energies of its first four components."""
    if not len(covariances):
        return ()
    energy = np.einsum("sii->i", covariances) / len(covariances)
    return Measures(float(len(covariances)), np.nan, energy).notes


def clip_spans(duration_s, options):
    """Divide a file into clips.

    Parameters
    ----------
    duration_s : float
        Its length.
    options : CropOptions
        `clip_s` and `fps` count.

    Returns
    -------
    list of (float, float)
        Begin and end in seconds; the last may be shorter, but not than a second.
    """
    spans, start = [], 0.0
    while duration_s - start >= SHORTEST_S - 1e-6:
        end = min(start + options.clip_s, duration_s)
        if end - start < options.clip_s:
            # Whole frames, so that pictures and sound end together.
            end = start + np.floor((end - start) * options.fps + 1e-6) / options.fps
        spans.append((start, float(end)))
        start += options.clip_s
    return spans


def _or_silence(locked, ambix):
    return np.zeros((2, ambix.shape[1]), np.float32) if locked is None else locked


def _take(pairs, count):
    """Take up to `count` pairs from an iterator: two lists."""
    taken = [pair for _, pair in zip(range(count), pairs, strict=False)]
    return [first for first, _ in taken], [second for _, second in taken]
