"""Clips planned, rendered, stored, split, checked and shown."""
