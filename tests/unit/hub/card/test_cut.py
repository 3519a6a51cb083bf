"""A power cut at any write of `hub card boot`: the next boot has all, and no password is lost (fault 4)."""

import os

import pytest

from hub.settings import read_settings
from support.school_config import make_school, office_part
from unit.hub.card.test_boot import Card

PASSWORD = "дуже довгий пароль"


class PowerCutError(BaseException):
    """Ends the program as a cut does: nobody catches it."""


@pytest.fixture
def cut(monkeypatch):
    """Cut the power at a write: before it, or after its bytes and before its name."""
    left = [0]

    def counted(real):
        def write(*arguments):
            left[0] -= 1
            if left[0] == 0:
                raise PowerCutError
            return real(*arguments)

        return write

    monkeypatch.setattr(os, "fsync", counted(os.fsync))

    def at(count):
        left[0] = count

    return at


def test_after_a_cut_at_any_write_the_next_boot_has_everything(tmp_path, cut):
    school = make_school(technician_password=PASSWORD, central=office_part("h-5"))
    count = 0
    while True:
        count += 1
        card = Card(tmp_path / str(count))
        card.write(school)
        cut(count)
        try:
            card.boot()
        except PowerCutError:
            was_cut = True
        else:
            was_cut = False
        cut(0)
        done = card.boot()
        assert done.problems == [], count
        assert done.chosen.source == "card"
        assert card.networks[-1].wifi == school.wifi, count
        assert PASSWORD in card.passwords, count
        assert read_settings(card.places.hub).hub_id == "h-5"
        assert school.wifi.password not in card.read()
        assert done.hub.public_key in card.status()
        if not was_cut:
            break
    assert count > 20, "every write was tried"
