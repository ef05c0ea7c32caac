"""Pointing a process at a local stack's cloud."""

from __future__ import annotations

import os
import shutil

import pytest

from amlkit.delivery.hosting import offer_plugin
from amlkit.delivery.stacks import Stack
from amlkit.errors import SetupError
from amlkit.home import Address, Home


def test_a_local_stack_points_the_process_at_its_cloud_alone(tmp_path):
    home = Home(tmp_path)
    home.write_address(Address(1, 2, "header"))
    environment = {"PATH": "p", "https_proxy": "http://elsewhere", "AZURE_TENANT_ID": "t"}

    Stack(home, "local", is_local=True).enter(environment)

    assert environment == {"PATH": "p", **home.environment(Address(1, 2, "header"))}


def test_a_stack_on_azure_leaves_the_process_as_it_is(tmp_path):
    environment = {"https_proxy": "http://elsewhere"}
    Stack(Home(tmp_path), "dev", is_local=False).enter(environment)
    assert environment == {"https_proxy": "http://elsewhere"}


def test_the_plugin_is_found_by_projects_that_do_not_place_it():
    environment = {"PATH": "/bin"}
    offer_plugin(environment)
    offer_plugin(environment)
    assert environment["PATH"].endswith(f"{os.pathsep}/bin")
    assert environment["PATH"].count(os.pathsep) == 1
    assert shutil.which("pulumi-resource-amlkit", path=environment["PATH"])


def test_a_local_stack_without_a_cloud_says_how_to_start_it(tmp_path):
    with pytest.raises(SetupError, match="never started here") as caught:
        Stack(Home(tmp_path), "local", is_local=True).enter({})
    assert "amlkit local start" in caught.value.problems[0].hint
