"""The card's Python for this machine's processor, from the same Debian: it compiles at full speed."""

from pathlib import Path

from image.config import SUITE, ImageConfig
from image.step import Action, Build, Run, Step


def tools_dir(config: ImageConfig) -> Path:
    """The small Debian that is run here."""
    return config.work / "tools"


def python(config: ImageConfig, tree: Path, *arguments: str, env: tuple[str, ...] = ()) -> Run:
    """Return the action that runs the card's Python with `tree` as /mnt; its mounts end with it."""
    mounts = 'mount --bind "$1" "$2/mnt" && mount --bind /proc "$2/proc"'
    script = f'{mounts} && cd / && tools=$2 && shift 2 && exec chroot "$tools" "$@"'
    return Run(
        (
            "unshare",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            str(tree),
            str(tools_dir(config)),
            "/usr/bin/env",
            "-i",
            "PATH=/usr/bin",
            "LC_ALL=C.UTF-8",
            "PYTHONHASHSEED=0",
            *env,
            "/usr/bin/python3",
            *arguments,
        )
    )


def compile_modules(config: ImageConfig, tree: Path, *folders: str) -> Run:
    """Return the action that compiles the modules below some folders of a tree.

    One after another: which names a module's file shares depends on what the same process compiled before it.
    What is compiled is never compared with its source: nothing on a read-only root changes, and times differ.
    """
    return python(
        config,
        tree,
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
        "-s",
        "/mnt",
        "-p",
        "/",
        "-x",
        r"/(tests|lib2to3)/",
        *(f"/mnt{folder}" for folder in folders),
    )


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        Run(
            (
                "mmdebstrap",
                "--variant=essential",
                f"--architectures={config.host_architecture}",
                "--include=python3",
                '--aptopt=APT::Install-Recommends "false"',
                SUITE,
                str(tools_dir(config)),
                *config.mirrors,
            )
        ),
    )


STEP = Step(
    name="tools",
    about=f"Python of Debian {SUITE} for this machine",
    plan=_plan,
    makes=lambda config: (tools_dir(config),),
    reads=lambda config: (),
    hint="Is a mirror reachable (apt-get update)?",
)
