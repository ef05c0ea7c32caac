"""The folder of a checkout, and the environment that points clients at its stand-in."""

from __future__ import annotations

import pytest

from amlkit.errors import SetupError
from amlkit.home import Address, Home, pointed_at

# The whole list: a client needs exactly these, and nothing else of the environment is touched.
NAMES = [
    "ARM_CLOUD_METADATA_URL",
    "AZUREML_CURRENT_CLOUD",
    "ARM_METADATA_HOSTNAME",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PULUMI_HOME",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
]


def test_the_nearest_project_is_found(tmp_path):
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert Home.find(tmp_path / "a" / "b").root == tmp_path
    with pytest.raises(SetupError, match=r"Pulumi\.yaml"):
        Home.find(tmp_path.parent)


def test_an_address_is_kept_and_a_damaged_one_is_named(tmp_path):
    home = Home(tmp_path)
    assert home.address() is None
    home.write_address(Address(1, 2, "h"))
    assert home.address() == Address(1, 2, "h")
    home.address_file.write_text("{")
    with pytest.raises(SetupError, match="damaged"):
        home.address()


def test_the_environment_holds_exactly_the_official_variables(tmp_path):
    variables = Home(tmp_path).environment(Address(1, 2, "h"))
    assert sorted(variables) == sorted(NAMES)
    child = pointed_at(variables, {"AZURE_CLIENT_ID": "x", "AZURE_TENANT_ID": "x", "PATH": "p", "https_proxy": "x"})
    assert child == {**variables, "PATH": "p"}
