"""Bodies with references, and putting an environment's values in."""

from __future__ import annotations

import pytest

from amlkit import manifest
from amlkit.errors import DefinitionError

BODY = {"jobs": [{"computeId": "${amlkit:compute:cpu}"}], "path": "azureml://${amlkit:datastore:corpora}/paths/digits/"}


def test_references_are_found_at_any_depth():
    assert manifest.references(BODY) == {"compute:cpu", "datastore:corpora"}


def test_binding_replaces_inside_texts_and_leaves_azures_own_bindings_alone():
    bound = manifest.bind({**BODY, "value": "${{parent.inputs.rate}}"}, {"compute:cpu": "/c", "datastore:corpora": "d"})
    assert bound["jobs"] == [{"computeId": "/c"}]
    assert bound["path"] == "azureml://d/paths/digits/"
    assert bound["value"] == "${{parent.inputs.rate}}"


def test_every_missing_binding_is_reported_at_once():
    with pytest.raises(DefinitionError) as caught:
        manifest.bind(BODY, {})
    assert [problem.where for problem in caught.value.problems] == ["compute:cpu", "datastore:corpora"]
