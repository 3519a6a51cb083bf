"""The kinds of packs. A new kind is a new file here and one line below."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from content_packs.kinds.kind import Kind


class _Kinds(Mapping[str, Kind]):
    """The kinds, made of `{name: module}`; a module is imported when its kind is asked for.

    Those of books and ZIMs take 0.1 s, for which most commands need not wait.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> Kind:
        kind: Kind = import_module(f"{__name__}.{self._modules[name]}").KIND
        return kind

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


KINDS: Mapping[str, Kind] = _Kinds(
    {
        "files": "files",
        "filter": "name_filter",
        "image": "image",
        "kolibri": "kolibri",
        "software": "software",
        "web": "web",
        "zim": "zim",
    }
)
