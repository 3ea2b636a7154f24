"""How well networks do.

`evaluate` predicts whole clips and measures them by `measures`; `table` and `figures` show what was
found.
"""
