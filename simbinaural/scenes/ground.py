"""Where a camera can stand in a scan."""

from simbinaural.scenes.clearance import clearances

__all__ = ["clearances"]
