"""From shards to what networks see and hear.

::

    table  ─►  windows  ─►  loader  ─►  preparation
    which      bytes of     random      crop, colors, flips, level
    clips      one window   windows,    and spectrograms, on the device
                            batches
"""
