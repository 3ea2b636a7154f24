"""The networks: mono sound and a picture in, the difference of the ears out."""
