"""What the tests of steps share."""

from __future__ import annotations

import functools

import pytest

from tests.components import written


@pytest.fixture
def define(tmp_path, monkeypatch):
    """The definition of a class from the text of its body (see `written.define`), in a folder of its own."""
    return functools.partial(written.define, tmp_path, monkeypatch)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A module with definitions from its text."""
    return functools.partial(written.load, tmp_path, monkeypatch)
