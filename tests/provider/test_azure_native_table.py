"""The table agrees with the SDK that is installed: routes with inputs, shapes with their source."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from amlkit.provider.azure_native.derive import SHAPES, derived
from amlkit.provider.azure_native.shapes import shape
from amlkit.provider.azure_native.types import TYPES

SDK = Path(find_spec("pulumi_azure_native").origin).parent
rows = pytest.mark.parametrize("row", TYPES.values(), ids=TYPES)


@pytest.mark.parametrize("module", sorted({name.split(":")[0] for name in TYPES}))
def test_shapes_are_those_of_the_installed_sdk(module):
    text = (SHAPES / f"{module}.json").read_text()
    assert text == derived(module), "run `python -m amlkit.provider.azure_native.derive`"


@rows
def test_every_path_parameter_is_an_input(row):
    assert set(row.parameters) - {"subscriptionId"} <= shape(row).inputs.keys()


@rows
def test_every_rule_names_something_that_exists(row):
    known = shape(row)
    for name in (*row.force_new, *row.query, *row.restored, *row.limits):
        assert name in known.inputs
    for type_name, names in row.renames.items():
        fields = known.types[type_name] if type_name else {**known.inputs, **known.outputs}
        assert names.keys() <= fields.keys()


@rows
def test_the_api_version_is_the_sdks(row):
    module, noun = row.name.split(":")
    file = SDK / module / (re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower() + ".py")
    assert f"Uses Azure REST API version {row.version}." in file.read_text()


@rows
def test_every_output_has_its_own_place_on_the_wire(row):
    places = [item.wire for name, item in shape(row).outputs.items() if name != "azureApiVersion"]
    assert len(set(places)) == len(places)
