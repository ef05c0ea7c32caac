"""The lab: jobs without HTTP, in a folder of the test's own."""

import pytest

from .lab import open_lab


@pytest.fixture
def lab(tmp_path, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("AMLKIT_CACHE", str(tmp_path_factory.getbasetemp() / "environment-cache"))
    made = open_lab(tmp_path)
    made.jobs.start()
    yield made
    made.jobs.stop()
    made.database.close()
