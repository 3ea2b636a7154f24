"""Video with binaural sound, filmed in simulated homes, and the ground that every tool stands on."""
