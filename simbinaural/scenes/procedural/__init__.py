"""Furnished homes made from a number: endless, free, the same on every machine."""

from simbinaural.scenes.procedural.home import make_home

__all__ = ["make_home"]
