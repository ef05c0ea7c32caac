"""This project on both engines: the same plan, the same state, and what one brings up the other takes down.

Runs where the Pulumi CLI is on PATH.
"""

from __future__ import annotations

import json
import re
import shutil

import pytest

from amlkit.propertyvalues import SECRET, SIGNATURE

from .project import Project
from .rest import call

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

ENGINES = ("embedded", "official")
FLAGS = ("--yes", "--skip-preview")
GROUPS = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups?api-version=2021-04-01"
PASSING = ("created", "modified", "stackTrace", "etag")
MADE_UP = re.compile(r"[0-9a-f]{6,}")
"""Ends of names that are made up for each stack, and digests of what has these names in it."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
UUID = re.compile(r"\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    copy.ok("local", "start")
    try:
        yield copy
    finally:
        copy.ok("local", "stop")


def ok(project, engine, *arguments):
    ended = project.amlkit(*arguments, AMLKIT_ENGINE=engine)
    assert ended.code == 0, ended.text
    return ended.stdout


def state(project):
    """The resources of the state by URN, without what may differ between two runs of one engine."""
    deployment = json.loads(project.ok("stack", "export"))["deployment"]
    assert not deployment.get("pending_operations")
    return {each["urn"]: lasting(each) for each in deployment["resources"]}


def lasting(value):
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return "a secret"
        kept = {key: lasting(item) for key, item in value.items() if key not in PASSING}
        return {key: item for key, item in kept.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        items = [lasting(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    if not isinstance(value, str):
        return value
    for pattern in (MOMENT, UUID, MADE_UP):
        value = pattern.sub("…", value)
    return value


def same(one, other):
    different = "\n".join(
        f"{urn} {field}: {one.get(urn, {}).get(field)} / {other.get(urn, {}).get(field)}"
        for urn in sorted({*one, *other})
        for field in sorted({*one.get(urn, {}), *other.get(urn, {})})
        if one.get(urn, {}).get(field) != other.get(urn, {}).get(field)
    )
    assert not different, different


def test_both_plan_the_same(project):
    plans = [json.loads(ok(project, engine, "preview", "--json")) for engine in ENGINES]
    steps = [sorted((step["op"], step["urn"]) for step in plan["steps"]) for plan in plans]
    assert steps[0] == steps[1]
    assert plans[0]["changeSummary"] == plans[1]["changeSummary"]
    assert len(steps[0]) > 20


def test_both_make_the_same_state_and_take_down_what_the_other_made(project):
    states = {}
    for maker, other in (ENGINES, ENGINES[::-1]):
        ok(project, maker, "up", *FLAGS)
        states[maker] = state(project)
        ok(project, other, "preview", "--expect-no-changes")
        ok(project, other, "up", *FLAGS, "--expect-no-changes")
        same(state(project), states[maker])
        ok(project, other, "destroy", *FLAGS)
        assert call(project, GROUPS)["value"] == []
    same(states["embedded"], states["official"])
