"""A virtual environment from the wheels of a signed pack: unzipped and compiled, without pip and network.

A wheel is a zip of what lies in site-packages (PyPA, binary distribution format); of the programs in it only
`hub` is for a card. On a Raspberry Pi 3 compiling all modules takes some five minutes, and in most updates
one wheel of forty is new: what the running environment compiled of the same source is taken over.
"""

import hashlib
import importlib.util
import marshal
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import CodeType

from content_packs.durable import fsync_dir, sync_filesystem
from content_packs.errors import BadDataError, Error, LocalError, local_error
from content_packs.kinds.software import is_wheel
from content_packs.text.zips import UNREADABLE_ZIP
from hub.card.software import BUILDING, BUILT_AT, remove
from hub.card.system_packs import SystemPack, require_hash

_COMPILE_S = 1800.0  # a Pi 3 needs minutes for what is new
_COMPILERS = 2  # processes, of four cores: lessons go on
_HEADER_BYTES = 16
_UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552: compiled once for all, with the hash of its source
_LOADS = "import hub.cli, hub.serve, hub.cli.card_update"
_PROGRAM = """\
#!{python}
import sys
from hub.cli import main

sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter of this machine; an environment names it with its version, so that no other runs it."""

    program: Path
    version: str  # 3.13

    @property
    def named(self) -> Path:
        """/usr/bin/python3.13."""
        return self.program.with_name(f"python{self.version}")


def this_python() -> Python:
    """Return the interpreter that this program's own environment stands on."""
    base = Path(getattr(sys, "_base_executable", sys.executable))
    return Python(base, f"{sys.version_info.major}.{sys.version_info.minor}")


def these_packages() -> Path:
    """Return the site-packages of this program's own environment, which only root writes."""
    return Path(sysconfig.get_path("purelib"))


def make_environment(pack: SystemPack, folder: Path, *, python: Python, before: Path) -> Path:
    """Put the version of a pack into `folder`/<n>, whole or not at all, and return that place.

    `before` is the site-packages of a trusted environment: what it compiled is not compiled again.
    A cut leaves nothing but .building, which the next call begins anew.

    Raises:
        BadDataError: a wheel is not as it was signed, or none.
        LocalError: the disk is full or refuses, or what was made does not start.
    """
    place, part = folder / str(pack.version), folder / BUILDING
    try:
        shutil.rmtree(part, ignore_errors=True)
        packages = part / "lib" / f"python{python.version}" / "site-packages"
        packages.mkdir(parents=True)
        for entry in pack.index.files:
            if is_wheel(entry.path):
                _unpack(_copy(pack, entry.path, folder), packages)
        _write_programs(part, place, python)
        (part / BUILT_AT).write_text(f"{pack.details['built_at']}\n", encoding="ascii")
        take_compiled(before, packages)
        _compile(python, packages, place)
        _require_start(part, python)
        sync_filesystem(folder)
        if place.exists():
            remove(place)
        part.rename(place)
        fsync_dir(folder)
    except (OSError, Error) as error:
        shutil.rmtree(part, ignore_errors=True)  # what filled the disk must not go on filling it
        if isinstance(error, OSError):
            raise local_error(error, f"unpacking {pack.pack_id} v{pack.version}") from error
        raise
    return place


def _copy(pack: SystemPack, name: str, folder: Path) -> Path:
    """Copy a wheel to where only root writes, and hash what was copied."""
    target = folder / BUILDING / "wheel.zip"
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in pack.chunks(name):
            digest.update(chunk)
            file.write(chunk)
    require_hash(pack, pack.entry(name), digest.hexdigest())
    return target


def _unpack(wheel: Path, packages: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                target = _target(member.filename)
                if target is None or member.is_dir():
                    continue
                path = packages / target
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except OSError:
        raise  # the disk's
    except UNREADABLE_ZIP as error:
        raise BadDataError(f"{wheel.name}: no wheel: {error}") from error
    finally:
        wheel.unlink()


def _target(name: str) -> PurePosixPath | None:
    """Return where a member lies in site-packages; None: no card needs it. Raises where it leads out."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BadDataError(f"a wheel has the member {name[:80]!r}, which leads out of it")
    if "__pycache__" in path.parts:
        return None  # whatever that was made of: what is compiled here is of the sources beside it
    if not path.parts[0].endswith(".data"):
        return path
    inside = path.parts[1:]
    return PurePosixPath(*inside[1:]) if inside[:1] in (("purelib",), ("platlib",)) and inside[1:] else None


def _write_programs(part: Path, place: Path, python: Python) -> None:
    programs = part / "bin"
    programs.mkdir()
    for name in ("python", "python3"):
        (programs / name).symlink_to(python.named)
    (part / "pyvenv.cfg").write_text(
        f"home = {python.program.parent}\ninclude-system-site-packages = false\nversion = {python.version}\n"
    )
    (programs / "hub").write_text(_PROGRAM.format(python=place / "bin" / "python"))
    (programs / "hub").chmod(0o755)


def take_compiled(before: Path, packages: Path) -> int:
    """Copy what `before` compiled of the same sources for this Python; return how many modules that were.

    Nothing but the path of the source differs in it, and Python puts that right when it loads a module.
    """
    taken = 0
    for source in _find_modules(packages):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        known = before / compiled.relative_to(packages)
        expected = (
            importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source.read_bytes())
        )
        data = known.read_bytes() if known.is_file() else b""
        if data.startswith(expected) and _is_code(data[_HEADER_BYTES:]):
            compiled.parent.mkdir(exist_ok=True)
            compiled.write_bytes(data)
            taken += 1
    return taken


def _find_modules(packages: Path) -> Iterator[Path]:
    """Yield the modules that a service may load: no tests that a wheel brings along."""
    for source in packages.rglob("*.py"):
        if "tests" not in source.relative_to(packages).parts:
            yield source


def _is_code(data: bytes) -> bool:
    """Tell whether it can be loaded: a card that wears out may have kept half of it."""
    try:
        return isinstance(marshal.loads(data), CodeType)  # noqa: S302 - root's own, and loaded all day
    except (EOFError, TypeError, ValueError):
        return False


def _compile(python: Python, packages: Path, place: Path) -> None:
    """Compile once for all: no account may write here later, and a service would start for seconds longer."""
    missing = [
        str(source)
        for source in _find_modules(packages)
        if not Path(importlib.util.cache_from_source(str(source))).exists()
    ]
    words = ["-q", "--invalidation-mode", "unchecked-hash", "-i", "-", "-s", str(packages)]
    words += ["-p", str(place / "lib" / packages.parent.name / "site-packages")]

    def compile_some(sources: list[str]) -> None:
        # What cannot be compiled is not for this Python; whether `hub` starts is asked next.
        told = "".join(f"{each}\n" for each in sources)
        _run([str(python.named), "-I", "-m", "compileall", *words], told=told)

    # Its own -j does nothing for files that are named, and without any it would compile Python's own modules.
    shares = [missing[number::_COMPILERS] for number in range(_COMPILERS)]
    with ThreadPoolExecutor(_COMPILERS) as pool:
        list(pool.map(compile_some, filter(None, shares)))


def _require_start(part: Path, python: Python) -> None:
    """Raise LocalError where the new command cannot even be loaded: then nothing is tried at all."""
    done = _run([str(part / "bin" / "python"), "-I", "-c", _LOADS])
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]
        raise LocalError(
            f"the new software does not load with Python {python.version}: {last[:300]}",
            hint="Tell the office: the pack has to be built again. The former version goes on running.",
        )


def _run(words: list[str], *, told: str = "") -> "subprocess.CompletedProcess[str]":
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    try:
        return subprocess.run(
            words, input=told, capture_output=True, text=True, env=env, timeout=_COMPILE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LocalError(f"{words[0]} has not ended within {_COMPILE_S:.0f} s") from error
