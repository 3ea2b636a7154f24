"""The command `models`."""

from simbinaural.commands import make_announcement

main = make_announcement("models", "Train and evaluate the reference networks.")
