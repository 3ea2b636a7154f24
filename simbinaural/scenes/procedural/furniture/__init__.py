"""Furniture by kind of use: each function draws one piece, or one group that stands together."""
