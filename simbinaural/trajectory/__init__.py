"""Where the source stands and how the camera moves: free floor, placing, paths."""
