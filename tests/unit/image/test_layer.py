from pathlib import Path

import pytest

from image.errors import LayerError
from image.layer import find_unclaimed, read_layer, read_layers

IMAGE = Path(__file__).parents[3] / "image"
GOOD = 'about = "a piece"\npackages = ["nginx-light"]\n'


def test_the_cards_layers_are_read_and_take_every_file():
    layers = read_layers(IMAGE / "layers")
    files = IMAGE / "files"
    paths = [str(path.relative_to(files)) for path in files.rglob("*") if not path.is_dir()]
    assert paths
    assert find_unclaimed(layers, paths) == ()
    assert all(layer.about for layer in layers)


def test_a_layer_stays_short_enough_to_read():
    lengths = {path.name: len(path.read_text().splitlines()) for path in (IMAGE / "layers").glob("*.toml")}
    assert not {name: length for name, length in lengths.items() if length > 60}


def test_nothing_that_the_card_must_not_have_is_asked_for():
    packages = {name for layer in read_layers(IMAGE / "layers") for name in layer.packages}
    assert not packages & {
        "initramfs-tools",
        "network-manager",
        "systemd-resolved",
        "apt",
        "linux-image-arm64",
    }


def test_a_file_of_no_layer_is_named():
    layer = read_layer("one", 'about = "x"\nfiles = ["usr/lib/systemd/*"]\n')
    assert find_unclaimed([layer], ["usr/lib/systemd/system/a.service", "etc/lost"]) == ("etc/lost",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("about = ", "not TOML"),
        ('about = "x"\npackage = ["a"]', "no such key: package"),
        ('about = "x"\n[units]\nstart = ["a.service"]', "no such key: start"),
        ('about = "x"\npackages = [1]', "a list of texts"),
        ('about = "x"\npackages = ["a", "a"]', "twice"),
        ('about = "x"\nexclude = ["usr/share/man/*"]', "no absolute path"),
        ('about = "x"\nexclude = ["/"]', "no absolute path"),
        ('about = "x"\nfolders = ["/data/../etc"]', "no absolute path"),
        ('packages = ["a"]', "about"),
    ],
)
def test_a_wrong_layer_is_explained(text, words):
    with pytest.raises(LayerError, match=words) as raised:
        read_layer("odd", text)
    assert "layer odd" in raised.value.message
    assert raised.value.hint


def test_two_layers_do_not_name_the_same(tmp_path):
    for name in ("10-a", "20-b"):
        (tmp_path / f"{name}.toml").write_text(GOOD)
    with pytest.raises(LayerError, match="package nginx-light is in layer 10-a too"):
        read_layers(tmp_path)


def test_a_folder_without_layers_is_an_error(tmp_path):
    with pytest.raises(LayerError, match="no layer"):
        read_layers(tmp_path)
