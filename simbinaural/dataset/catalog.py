"""Who can play: the classes for which there are both objects and sounds."""

from dataclasses import dataclass

from simbinaural.errors import InputError
from simbinaural.sources.objects import load_objects
from simbinaural.sources.sounds import load_sounds


@dataclass(frozen=True)
class Catalog:
    """Objects and sounds by class.

    Attributes
    ----------
    classes : tuple of str
        Sorted; each has at least one object and one sound.
    objects, sounds : dict of str to tuple
        SoundObject and DrySound.
    problems : tuple of str
        Files that were left out, a line each.
    """

    classes: tuple
    objects: dict
    sounds: dict
    problems: tuple


def load_catalog(options):
    """Gather objects and sounds, built-in ones or the user's own.

    Parameters
    ----------
    options : RenderOptions
        Its `objects`, `sounds` and `classes`.

    Returns
    -------
    Catalog

    Raises
    ------
    InputError
        If a class is unknown, or nothing has both an object and a sound.
    """
    objects, sounds = load_objects(options.objects), load_sounds(options.sounds)
    both = sorted(set(objects.items) & set(sounds.items))
    for name in options.classes:
        if name not in both:
            raise InputError(f"classes must be among {', '.join(both) or 'none'}, got {name}")
    if not both:
        raise InputError(
            f"objects ({', '.join(sorted(objects.items))}) and sounds "
            f"({', '.join(sorted(sounds.items))}) must have a class in common; "
            "name the folders alike"
        )
    return Catalog(
        classes=tuple(sorted(options.classes or both)),
        objects=objects.items,
        sounds=sounds.items,
        problems=(*objects.problems, *sounds.problems),
    )
