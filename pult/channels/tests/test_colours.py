"""Channels that were added one after another can be told apart by their colours."""

from __future__ import annotations

import pytest

from pult.channels.types import COLORS
from pult.testing.builders import a_channel

pytestmark = pytest.mark.django_db


def test_the_first_eight_channels_have_eight_colours() -> None:
    channels = [a_channel() for _ in range(8)]
    assert {channel.colour for channel in channels} == set(range(1, 9))


def test_a_colour_that_is_no_longer_known_still_has_a_place_in_the_palette() -> None:
    channel = a_channel()
    channel.color = "mauve"
    assert "mauve" not in COLORS
    assert channel.colour == 1
