"""A layer: one declarative piece of the image, a TOML file of 20 to 60 lines; read and checked."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from image.errors import LayerError

_HINT = "docs/architecture.md, The card's image, says what a layer may hold."


@dataclass(frozen=True, slots=True)
class Units:
    """What systemd starts, and what it must not."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One piece of the image."""

    name: str
    about: str
    packages: tuple[str, ...] = ()  # installed, with their scripts
    unpacked: tuple[str, ...] = ()  # taken apart here, so that none of their scripts runs
    exclude: tuple[str, ...] = ()  # absolute patterns of paths that the root does without
    files: tuple[str, ...] = ()  # patterns below image/files; accounts are files in usr/lib/sysusers.d
    folders: tuple[str, ...] = ()  # empty folders: mount points
    links: Mapping[str, str] = field(default_factory=dict)  # path: target
    modes: Mapping[str, str] = field(default_factory=dict)  # path: octal, where it is not 644 or 755
    units: Units = Units()


def read_layers(folder: Path) -> tuple[Layer, ...]:
    """Return the layers of a folder, by name.

    Raises:
        LayerError: one of them is not TOML, has a key that no layer has, or contradicts another.
    """
    layers = tuple(
        read_layer(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))
    )
    if not layers:
        raise LayerError(f"{folder}: no layer (*.toml)", hint="Give the repository's own image/layers.")
    _check_together(layers)
    return layers


def read_layer(name: str, text: str) -> Layer:
    """Return one layer of its text."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayerError(f"layer {name}: not TOML: {error}", hint=_HINT) from error
    units = values.pop("units", {})
    layer: Layer = _make(
        Layer,
        name,
        {
            **values,
            "name": name,
            "units": _make(Units, name, units),
        },
    )
    for path in (*layer.exclude, *layer.folders, *layer.links, *layer.modes):
        _check_path(name, path)
    return layer


def _make(kind: type, layer: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a `kind`
    known = {item.name: item for item in fields(kind)}
    if unknown := sorted(set(values) - set(known)):
        allowed = ", ".join(key for key in known if key != "name")  # the file's own
        raise LayerError(f"layer {layer}: no such key: {', '.join(unknown)}; there are {allowed}", hint=_HINT)
    try:
        return kind(**{key: _frozen(layer, key, value) for key, value in values.items()})
    except TypeError as error:
        raise LayerError(f"layer {layer}: {error}", hint=_HINT) from error


def _frozen(layer: str, key: str, value: Any) -> Any:  # noqa: ANN401 - of TOML
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise LayerError(f"layer {layer}: {key} is a list of texts", hint=_HINT)
        if len(set(value)) != len(value):
            raise LayerError(f"layer {layer}: {key} names something twice", hint=_HINT)
        return tuple(value)
    if isinstance(value, dict):
        return {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
    return value


def _check_path(layer: str, path: str) -> None:
    if not path.startswith("/") or ".." in PurePosixPath(path).parts or path == "/":
        raise LayerError(f"layer {layer}: {path!r} is no absolute path inside the root", hint=_HINT)


def _check_together(layers: Iterable[Layer]) -> None:
    seen: dict[str, str] = {}
    for layer in layers:
        claims = [
            *(f"package {name}" for name in (*layer.packages, *layer.unpacked)),
            *(f"link {path}" for path in layer.links),
        ]
        for claim in claims:
            if claim in seen:
                raise LayerError(
                    f"layer {layer.name}: {claim} is in layer {seen[claim]} too", hint="Name it once."
                )
            seen[claim] = layer.name


def find_unclaimed(layers: Iterable[Layer], paths: Iterable[str]) -> tuple[str, ...]:
    """Return the files below image/files that no layer takes."""
    return tuple(path for path in paths if not any(takes(layer, path) for layer in layers))


def takes(layer: Layer, path: str) -> bool:
    """Tell whether a layer takes this file of image/files; `*` in its patterns goes through folders."""
    return any(fnmatchcase(path, pattern) for pattern in layer.files)
