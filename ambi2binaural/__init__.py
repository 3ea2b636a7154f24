"""360-degree video with ambisonic sound to binaural clips."""
