"""Training: the loop, its journal, and what is kept of it."""
