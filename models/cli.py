"""The command `models`."""

import click

from simbinaural.commands import CommandGroup
from simbinaural.errors import InputError


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.version_option(package_name="simbinaural")
def main():
    """Train and evaluate the reference networks. Not in this version yet: it is to come."""
    raise InputError("is to come; this version has simbinaural render, split, preview and verify")
