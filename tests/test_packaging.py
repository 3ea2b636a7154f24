"""What a user gets: four packages with their data, four commands, a start without heavy imports."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PACKAGES = {"simbinaural", "ambi2binaural", "annotate", "models"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a clean copy, as `pip install .` does."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in filter(None, (name.decode() for name in names)):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            target.symlink_to((ROOT / name).readlink())
        elif (ROOT / name).exists():
            target.write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, source],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl")), source


def test_the_wheel_holds_the_packages_and_their_data(wheel):
    path, source = wheel
    names = zipfile.ZipFile(path).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    held = set(names)
    for path in source.glob("assets/*/*"):
        if path.parent.name != "readme":
            assert f"simbinaural/assets/{path.parent.name}/{path.name}" in held
    assert not any("readme" in name for name in names)
    for package in PACKAGES:
        for path in (source / package).rglob("*.py"):
            assert str(path.relative_to(source)) in held


def test_the_wheel_gives_four_commands(wheel):
    with zipfile.ZipFile(wheel[0]) as archive:
        name = next(each for each in archive.namelist() if each.endswith("entry_points.txt"))
        points = archive.read(name).decode()
    for package in PACKAGES:
        assert f"{package} = {package}.cli:main" in points


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_help_imports_nothing_heavy(package):
    code = (
        f"import sys; from {package}.cli import main; "
        "print([m for m in ('numpy', 'numba', 'torch', 'h5py', 'av', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
