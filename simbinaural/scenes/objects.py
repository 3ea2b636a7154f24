"""A thing that is set into a scene: what sounds and is seen."""

from dataclasses import dataclass

import numpy as np

from simbinaural.errors import require
from simbinaural.scenes.scene import Mesh


@dataclass(frozen=True)
class PlacedObject:
    """A textured mesh where it stands.

    Attributes
    ----------
    mesh : Mesh
        World coordinates, metres; its texture indices count its own textures.
    textures : tuple of Texture
    """

    mesh: Mesh
    textures: tuple

    def __post_init__(self):
        """Check what cannot be drawn."""
        require(len(self.mesh.faces) > 0, "object must have triangles, got none")
        highest = int(np.max(self.mesh.texture))
        require(
            highest < len(self.textures),
            f"texture must index the object's {len(self.textures)} textures, got {highest}",
        )
