"""One stack an engine, on a local Azure ML of its own; each test starts by publishing what it needs."""

import pytest

from .stack import living


@pytest.fixture(scope="module", params=["embedded", "official"])
def stack_of_engine(request, tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp(request.param)
    with living(request, folder, azure_forks) as stack:
        stack.publish("A")
        yield stack
        stack.ok("destroy", "--yes")


@pytest.fixture
def stack(stack_of_engine):
    """Serving A, without a pin and with a smoke check that passes."""
    yield stack_of_engine
    stack_of_engine.run("config", "rm", "test:clears")
    stack_of_engine.mark(pipelines="training", smoke=None, kill=None)
    if "amlkit.pin" in stack_of_engine.endpoint()["tags"]:
        stack_of_engine.edit_endpoint(**{"amlkit.pin": None})
