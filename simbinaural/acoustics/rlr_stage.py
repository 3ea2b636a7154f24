"""What the RLR engine's process has been given: a scene and a head, each handed over once."""

from weakref import ref

import numpy as np

from simbinaural.acoustics.rlr_files import material_label, write_head, write_materials


class Stage:
    """The scene and the head that an engine holds.

    Parameters
    ----------
    engine : EngineProcess
        Who holds them.
    """

    def __init__(self, engine):
        self._engine = engine
        self._forget()

    def set(self, scene, hrtf):
        """Let the engine have a scene and a head, unless it has them.

        Parameters
        ----------
        scene : Scene
            Its mesh and materials are taken.
        hrtf : Hrtf
            The head's ears.

        Returns
        -------
        head : str
            Path of the head's SOFA file.
        lead : int
            Sample at which a sound arrives that reaches its center in sample 0.

        Raises
        ------
        InputError
            If the engine is missing or does not start.
        """
        self._engine.start()
        if self._generation != self._engine.generation:
            self._forget()
            self._generation = self._engine.generation
        head = self._engine.folder / "head.sofa"
        if self._hrtf() is not hrtf:
            self._lead = write_head(head, hrtf)
            self._hrtf = ref(hrtf)
        if self._mesh() is not scene.mesh or self._materials is not scene.materials:
            self._load(scene.mesh, scene.materials)
            self._mesh, self._materials = ref(scene.mesh), scene.materials
        return str(head), self._lead

    def _load(self, mesh, materials):
        """Hand over faces, by material."""
        database = self._engine.folder / "materials.json"
        write_materials(database, materials)
        groups = {
            material_label(index): mesh.faces[mesh.material == index]
            for index in np.unique(mesh.material)
        }
        self._engine.ask("load", materials=str(database), vertices=mesh.vertices, groups=groups)

    def _forget(self):
        self._generation = self._lead = 0
        self._hrtf = self._mesh = lambda: None
        self._materials = None
