"""A stack's word about where it lives, against what the environment points at."""

from __future__ import annotations

import pytest

from amlkit.errors import SetupError
from amlkit.safety import check_named

HERE = {"ARM_METADATA_HOSTNAME": "127.0.0.1:1234"}
OURS = {"PULUMI_BACKEND_URL": "file:///home/me/project/.amlkit/stacks"}
THEIRS = {"PULUMI_BACKEND_URL": "azblob://state?storage_account=team&sas=s3cret"}


@pytest.mark.parametrize(
    ("said", "environment"),
    [
        ("local", HERE),
        ("local", {"ARM_METADATA_HOSTNAME": "https://localhost:1"}),
        ("local", HERE | OURS),
        ("azure", {}),
        ("azure", {"ARM_METADATA_HOSTNAME": "management.azure.cn"}),
        ("azure", THEIRS),
    ],
)
def test_what_agrees_passes(said, environment):
    check_named(said, environment)


@pytest.mark.parametrize(
    ("said", "environment", "what"),
    [
        ("", HERE, "does not say where it lives: `amlkit:target`"),
        ("Azure", {}, "no such target: Azure"),
        ("local", {}, "the stack is local, and the target is Azure's public cloud"),
        ("local", {"ARM_METADATA_HOSTNAME": "127.0.0.1.example.org"}, "the target is 127.0.0.1.example.org"),
        ("local", HERE | THEIRS, "kept for stacks on Azure: azblob://state"),
        ("azure", HERE, "on Azure, and the environment points at the local Azure ML: 127.0.0.1:1234"),
        ("azure", OURS, "on Azure, and the state that is named is the local Azure ML's"),
        ("azure", {"PULUMI_BACKEND_URL": "file:///p/.amlkit/rehearsals"}, "the state that is named is the local"),
    ],
)
def test_what_disagrees_is_refused_with_a_way_out_and_without_a_secret(said, environment, what):
    with pytest.raises(SetupError) as refused:
        check_named(said, environment)
    (problem,) = refused.value.problems
    assert what in problem.what
    assert problem.hint
    assert "s3cret" not in str(refused.value)
