"""Click where the sound comes from."""
