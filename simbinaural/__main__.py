"""`python -m simbinaural`: the command without its script."""

from simbinaural.cli import main

if __name__ == "__main__":
    main(prog_name="simbinaural")
