"""A platform with grants and a purge, made, adopted and taken down by one engine after the other on one state.

Runs where the Pulumi CLI is on PATH.
"""

import json
import shutil
from dataclasses import replace

import pytest

from amlkit.home import Home
from amlkit.local import process
from amlkit.provider.install import install

from .stack import WORKSPACE, Stack
from .test_platform_life import MAIN, SETTINGS, VAULTS, resources

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


@pytest.fixture
def engines(tmp_path):
    """The stack on the embedded engine, and the same one on the Pulumi CLI."""
    try:
        embedded = Stack.make(tmp_path, "embedded", main=MAIN)
        install(embedded.home.pulumi_home)
        embedded.ok("config", "set", "azure-native:location", "westeurope")
        for key, value in SETTINGS.items():
            embedded.ok("config", "set", f"small:{key}", value)
        yield embedded, replace(embedded, engine="official")
    finally:
        process.stop(Home(tmp_path))


def test_what_one_makes_or_adopts_the_other_takes_down_with_nothing_left(engines):
    embedded, official = engines
    used = embedded.arm("GET", WORKSPACE)
    official.ok("up", "--yes", "--skip-preview")
    embedded.ok("preview", "--expect-no-changes")
    made = {name: each["id"] for name, each in resources(embedded).items()}
    assert any(name.startswith("RoleAssignment.") for name in made), made

    embedded.ok("stack", "rm", "--yes", "--force", "--preserve-config")
    embedded.ok("stack", "init", "local")
    embedded.ok("config", "set", "small:adopt", json.dumps(made))
    official.ok("up", "--yes", "--skip-preview")
    embedded.ok("config", "rm", "small:adopt")
    embedded.ok("up", "--yes", "--skip-preview")
    assert {name: each["id"] for name, each in resources(official).items()} == made
    workspace = embedded.outputs()["workspace"]
    official.ok("preview", "--expect-no-changes")

    for maker, other in (embedded, official), (official, embedded):
        other.ok("destroy", "--yes", "--skip-preview")
        assert resources(maker) == {}
        assert maker.arm("GET", workspace) is None
        assert maker.arm("GET", VAULTS)["value"] == []
        assert maker.arm("GET", WORKSPACE) == used
        if maker is embedded:
            official.ok("up", "--yes", "--skip-preview")
