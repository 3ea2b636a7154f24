"""The command `ambi2binaural`."""

from simbinaural.commands import make_announcement

main = make_announcement(
    "ambi2binaural", "Turn 360-degree video with ambisonic sound into binaural clips."
)
