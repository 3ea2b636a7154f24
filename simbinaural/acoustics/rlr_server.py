"""RLR-Audio-Propagation in a process of its own; `simbinaural.acoustics.rlr_process` starts it.

Not a module of the package but a program: it is started by its path, with the number of a socket,
and imports nothing but numpy and the engine, in this order, because the engine's library brings its
own C++ runtime, which must not come before others.

It answers (verb, arguments) with (True, answer) or (False, text), and ends with the socket.
"""

import signal
import sys
import tempfile
from multiprocessing.connection import Connection

import numpy as np


class Server:
    """The engine, and the scene that it was given last.

    Parameters
    ----------
    engine : module
        ``rlr_audio_propagation``.
    """

    def __init__(self, engine):
        self._engine = engine
        self._materials = self._vertices = self._groups = None

    def load(self, materials, vertices, groups):
        """Keep a scene for the simulations to come.

        Parameters
        ----------
        materials : str
            Path of a database that has a material for each label of `groups`.
        vertices : (vertices, 3) numpy.ndarray
            Metres.
        groups : dict of str to (faces, 3) numpy.ndarray
            Faces by the label of their material.
        """
        # Plain lists: the bindings take them six times as fast as arrays.
        self._materials = materials
        self._vertices = vertices.ravel().tolist()
        self._groups = {label: faces.ravel().tolist() for label, faces in groups.items()}

    def simulate(self, settings, source, poses, hrtf, ambisonic):
        """Simulate one source at several poses.

        Parameters
        ----------
        settings : dict
            Fields of the engine's configuration.
        source : list of float
            World.
        poses : list of (position, orientation)
            Lists of floats.
        hrtf : str
            Path of a SOFA file.
        ambisonic : bool
            Whether a first-order microphone listens too.

        Returns
        -------
        list of (channels, efficiency)
            For each pose the responses of each listener, (channels, taps) numpy.ndarray of float32
            each, and the share of rays that hit something.
        """
        return [self._simulate(settings, source, pose, hrtf, ambisonic) for pose in poses]

    def _simulate(self, settings, source, pose, hrtf, ambisonic):
        # A fresh context each: a second simulation in one would go on with other random rays.
        config = self._engine.Config()
        for name, value in settings["context"].items():
            setattr(config, name, value)
        context = self._engine.Context(config)
        self._furnish(context)
        context.add_source()
        context.set_source_position(0, source)
        context.set_source_radius(0, 0.0)
        layouts = self._engine.ChannelLayoutType
        self._listen(context, 0, (layouts.Binaural, 2), pose, settings["listener_radius"])
        context.set_listener_hrtf(0, hrtf)
        if ambisonic:
            self._listen(context, 1, (layouts.Ambisonics, 4), pose, settings["listener_radius"])
        context.simulate()
        responses = [_response(context, listener) for listener in range(1 + ambisonic)]
        return responses, context.get_indirect_ray_efficiency()

    def _furnish(self, context):
        context.set_material_database_json(self._materials)
        context.add_object()
        context.add_mesh_vertices(self._vertices)
        for label, faces in self._groups.items():
            context.add_mesh_indices(faces, 3, label)
        context.finalize_object_mesh(0)

    def _listen(self, context, listener, layout, pose, radius):
        position, orientation = pose
        context.add_listener(self._engine.ChannelLayout(*layout))
        context.set_listener_position(listener, position)
        context.set_listener_orientation_quaternion(listener, orientation)
        context.set_listener_radius(listener, radius)


def _response(context, listener):
    channels = range(context.get_ir_channel_count(listener, 0))
    return np.array([context.get_ir_channel(listener, 0, each) for each in channels], np.float32)


def serve(link):
    """Answer until the other side is gone."""
    try:
        import rlr_audio_propagation
    except ImportError as error:
        link.send((False, str(error)))
        return
    server = Server(rlr_audio_propagation)
    with tempfile.TemporaryDirectory(prefix="simbinaural-rlr-") as folder:
        link.send((True, folder))
        while True:
            verb, arguments = link.recv()
            try:
                answer = True, getattr(server, verb)(**arguments)
            except (RuntimeError, SystemError) as error:  # what the engine refuses
                answer = False, str(error)
            link.send(answer)


def main():
    """Serve the socket of the given number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, and ends this with it
    with Connection(int(sys.argv[1])) as link:
        try:
            serve(link)
        except (EOFError, OSError):
            return


if __name__ == "__main__":
    main()
