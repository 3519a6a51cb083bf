"""`make demo`: take the tour, print the address, and end everything on Ctrl-C."""

import argparse
import os
import signal
import subprocess
import sys
import time
from typing import NoReturn

from content_packs.durable import locked
from content_packs.errors import BusyError, Error
from hub.addresses import ANY_HOST, list_addresses
from tools.demo import story
from tools.demo.places import DEPOT, HERE, LOCK, LOGS, LOOPBACK, Ports, choose_ports
from tools.demo.processes import Processes, StoppedError
from tools.demo.sshd import choose_host

_WATCH_S = 1.0
_ANOTHER = "End it with Ctrl-C, or give this one a folder of its own: DEMO_DIR=.demo2 make demo"

_LOOK = """
   What to look at:
   - the home page, in Ukrainian and in English, then the library and its filters;
   - «Дроби»: a web pack, shown from an origin of its own, port {content};
   - search for a word in any form: one search over web pages, documents and ZIM articles;
   - the channel in Kolibri: its documents, video and app play there, with no second copy on disk;
   - the status page, /tech/status, which a technician reads;
   - {here}: `central` is the office, `central/depot` the depot, `hub` the hub's disk.
"""


def main() -> int:
    """Run the demo; return its exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="of the portal; the next free one where taken")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0: phones on the same Wi-Fi may in")
    parser.add_argument("--once", action="store_true", help="check that everything answers, and end")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, _stop)  # also in the background, where Python lets it be ignored
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    return _run(options.host, options.port, once=options.once)


def _run(host: str, port: int, *, once: bool) -> int:
    try:
        with locked(LOCK, doing="make demo"):
            story.start_anew_where_needed()
            _take_tour(host, choose_ports(host, port), once=once)
    except BusyError as error:
        return _fail(f"A demo runs in {HERE} already; it was not touched.", _ANOTHER, error.exit_code)
    except Error as error:
        return _fail(f"\nThe demo stops: {error.message}", error.hint, error.exit_code)
    except subprocess.CalledProcessError as error:
        text = f"\nThe demo stops: this command failed with exit code {error.returncode}."
        return _fail(text, None, error.returncode)
    except StoppedError as error:
        return _fail(f"\nThe demo stops: {error}", None, os.EX_IOERR)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running. `make demo` goes on from here.")
    return 0


def _fail(text: str, hint: str | None, exit_code: int) -> int:
    print(text, *([f"  next: {hint}"] if hint else []), sep="\n", file=sys.stderr)
    return exit_code


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _take_tour(host: str, ports: Ports, *, once: bool) -> None:
    for text in story.missing_programs():
        print(f"   note: {text}", flush=True)
    samples = story.build_packs()
    depot_host = choose_host(ports.sshd)
    depot_url = depot_host.depot_url if depot_host else str(DEPOT)
    story.introduce(depot_url, depot_host)
    story.publish(samples)
    story.set_up_hub(depot_url, depot_host, host, ports)
    with Processes(LOGS) as processes:
        if depot_host:
            story.start_sshd(processes, depot_host)
        story.sync()
        story.take_reports()
        story.start_hub(processes, with_door=ports.inner is not None)
        near = LOOPBACK if host in ANY_HOST else host
        story.wait_for_pages(processes, near, ports, samples)
        _print_addresses(host, near, ports)
        if not once:
            _watch(processes)


def _print_addresses(host: str, near: str, ports: Ports) -> None:
    """Say where everything is: on this machine, and what to type on a phone where phones may in."""
    far = [address for address in list_addresses() if address != near] if host in ANY_HOST else []
    for address in (near, *far):
        print(f"\n   {'On this machine' if address == near else 'On a phone in the same network'}:")
        print(f"   Портал / portal   http://{address}:{ports.portal}/")
        print(f"   Kolibri           http://{address}:{ports.kolibri}/")
    print(_LOOK.format(content=ports.content, here=HERE), flush=True)


def _watch(processes: Processes) -> None:
    print("   Ctrl-C ends everything.", flush=True)
    while True:
        processes.check()
        time.sleep(_WATCH_S)


if __name__ == "__main__":
    sys.exit(main())
