"""Inputs of the four types as the tests of the plugin give them, and where they lie."""

import json
import sys

from .arm_server import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
ENDPOINT = f"{WORKSPACE}/batchEndpoints/training"
ASSET, ADDRESS, SLOT, PUBLISHED = (
    f"amlkit:index:{name}" for name in ("AssetVersion", "Endpoint", "Deployment", "Publication")
)
COMMAND = [sys.executable, "-m", "amlkit.provider.published"]


def asset(version="a" * 24, definition="d" * 64, **rest):
    body = {"codeUri": f"https://x/{version}", "properties": {"amlkit.definition": definition}}
    inputs = {"workspaceId": WORKSPACE, "kind": "code", "name": "train", "version": version, "body": body}
    return {**inputs, "definition": definition, **rest}


def address(**rest):
    return {"workspaceId": WORKSPACE, "name": "training", "location": "westeurope", "description": "d", **rest}


def slot(version, keep=4):
    component = f"{WORKSPACE}/components/training/versions/{version}"
    name = f"v{version}"
    rest = {"componentId": component, "digest": f"digest-{version}", "version": version, "settings": {}}
    return {"endpointId": ENDPOINT, "location": "westeurope", "name": name, "keep": keep, **rest}


def publication(version, **rest):
    return {"endpointId": ENDPOINT, "deployment": f"v{version}", "digest": f"digest-{version}", **rest}


def serve(plugin, version):
    """Deploy and publish a version."""
    plugin.create(SLOT, slot(version))
    plugin.create(PUBLISHED, publication(version))


def pin(version, at="2026-01-01T00:00:00Z"):
    return json.dumps(
        {"deployment": f"v{version}", "digest": f"digest-{version}", "who": "jane", "why": "slow", "at": at}
    )
