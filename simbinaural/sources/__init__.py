"""What sounds: objects and their anechoic sounds.

`objects` and `sounds` are what others use: built-in guitars, drums and telephones, or a user's own
folders (`collection`). Under them, models are lofted `solids` with painted `finishes`, and sounds
come from `strings`, `percussion` and `ringing`.
"""
