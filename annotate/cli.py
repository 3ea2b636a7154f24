"""The command `annotate`."""

from simbinaural.commands import make_announcement

main = make_announcement("annotate", "Click where the sound comes from.")
