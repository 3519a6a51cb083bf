"""Acceptance 15: a new root that is broken, hangs or never gets healthy has at most three starts."""

import pytest

from support.small_card import MIB, build_root
from support.trials import put_on_trial, read_state
from tests.image.conftest import UP_S, shell

HANGS = "#!/bin/busybox sh\necho 'this system hangs'\nwhile :; do /bin/busybox sleep 1000; done\n"
CRASHES = "#!/bin/busybox sh\necho 'this system crashes'\nexit 1\n"


@pytest.fixture
def card(new_card):
    """A card whose slot b has what slot a has, but for its root."""
    card = new_card()
    card.put_boot_folder("b")
    for name in card.boot_names("a/"):
        data = card.boot_file(f"a/{name}")
        if name == "cmdline.txt":
            data = data.replace(b"hub.slot=a", b"hub.slot=b")
        card.put_boot_file(f"b/{name}", data)
    return card


def put_root(card, data):
    card.write(card.partitions()[2].start, data + bytes(-len(data) % 4096))


def back_on_a(card, machine, *, after, at_most):
    """Follow the starts until slot a runs and answers, then switch off: nobody reads a card that runs."""
    starts = 0
    while machine.slot == "b":
        machine.wait_for(after, timeout_s=UP_S)
        starts += 1
        machine.wait_for_restart(timeout_s=UP_S)
        assert starts <= at_most
    machine.wait_for("hub: slot a, good", timeout_s=UP_S)
    shell(machine)
    machine.pull_the_plug()
    assert read_state(card).failed == "b"


@pytest.mark.timeout(2400)
def test_a_root_that_cannot_be_mounted(card, boot, tmp_path):
    put_root(card, bytes(MIB))
    put_on_trial(card, "b", tmp_path / "boot")
    with boot(card) as machine:
        back_on_a(card, machine, after="going to slot a", at_most=1)


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("init", [HANGS, CRASHES], ids=["hangs", "crashes"])
def test_a_root_that_does_not_come_up(card, boot, tmp_path, init):
    put_root(card, build_root(tmp_path, "b", init=init).read_bytes())
    put_on_trial(card, "b", tmp_path / "boot")
    with boot(card) as machine:
        back_on_a(card, machine, after="this system|going to slot a", at_most=4)


@pytest.mark.timeout(4800)
def test_a_service_that_never_gets_healthy(card, boot, tmp_path):
    """The hub's own root without its portal: nobody calls it good. The trial's end is brought forward."""
    root = card.partitions()[1]
    put_root(card, card.read(root.start, root.size))
    put_on_trial(card, "b", tmp_path / "boot")
    with boot(card, arguments="systemd.mask=hub-portal.service systemd.mask=hub-health.timer") as machine:
        for left in (2, 1, 0):
            machine.wait_for(f"hub: slot b, trying, {left} tries left", timeout_s=UP_S)
            shell(machine)
            until = "for s in $(seq 60); do systemctl -q is-active hub-trial.timer && break; sleep 1; done"
            said = machine.ask(f"{until}; systemctl is-active hub-trial.timer", timeout_s=UP_S)
            assert said == "active"
            machine.type("systemctl start hub-trial.service")
            machine.wait_for_restart(timeout_s=UP_S)
        machine.wait_for("slot b was not healthy in 3 starts; going to slot a", timeout_s=UP_S)
        machine.wait_for_restart(timeout_s=UP_S)
        machine.wait_for("hub: slot a, good", timeout_s=UP_S)
    assert read_state(card).failed == "b"


@pytest.mark.timeout(2400)
def test_a_slot_that_is_called_good_stays(card, boot, tmp_path):
    root = card.partitions()[1]
    put_root(card, card.read(root.start, root.size))
    put_on_trial(card, "b", tmp_path / "boot")
    with boot(card) as machine:
        shell(machine)
        assert "slot b runs" in machine.ask("hub card good 2>&1")
        machine.pull_the_plug()
        machine.start()
        machine.wait_for("hub: slot b, good", timeout_s=UP_S)
    assert read_state(card).trying is False
