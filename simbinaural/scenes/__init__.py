"""Homes to film: textured meshes with acoustic materials, lights and rooms."""
