import pickle

import pytest

from simbinaural.errors import InputError
from simbinaural.scenes.sources import parse_scenes


def test_homes_are_numbered_globally():
    few, many = parse_scenes("procedural:3"), parse_scenes("procedural:80")
    assert few.load(2).name == many.load(2).name == "procedural/00002"
    assert few.load(2).mesh.vertices.tobytes() == many.load(2).mesh.vertices.tobytes()


def test_names_and_sizes():
    scenes = parse_scenes("procedural:12")
    assert (scenes.name, scenes.folder_name, len(scenes)) == (
        "procedural:12",
        "procedural-12",
        12,
    )
    assert parse_scenes(scenes.name) == scenes
    assert "MIT" in scenes.license


def test_as_many_homes_as_the_published_set_by_default():
    assert parse_scenes("procedural") == parse_scenes("procedural:80")


def test_a_set_travels_to_workers():
    scenes = parse_scenes("procedural:5")
    assert pickle.loads(pickle.dumps(scenes)) == scenes


@pytest.mark.parametrize("text", ["mp4", "", "Procedural:3", ":3"])
def test_unknown_kinds_are_named_with_what_exists(text):
    known = r"procedural\[:N\], mp3d\[:N\], replica\[:N\], gibson\[:N\], hm3d\[:N\], or mesh files"
    with pytest.raises(InputError, match=rf"scenes must be {known} \(.*\), got {text}"):
        parse_scenes(text)


@pytest.mark.parametrize("count", ["0", "-2", "1.5", "many", "", "²", "1_0", " 3"])
def test_the_number_of_homes_is_a_number(count):
    with pytest.raises(InputError, match=r"scenes must be procedural:N with N from 1, got "):
        parse_scenes(f"procedural:{count}")


@pytest.mark.parametrize("index", [-1, 3])
def test_only_homes_of_the_set_are_loaded(index):
    with pytest.raises(InputError, match=f"index must be from 0 to 2, got {index}"):
        parse_scenes("procedural:3").load(index)
