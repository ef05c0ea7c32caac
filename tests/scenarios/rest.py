"""Azure Resource Manager over HTTP with the standard library, so that nothing of ours judges itself."""

from __future__ import annotations

import json
import ssl
import urllib.request
from functools import cache

from .project import Project


def arm(project: Project, path: str, method: str = "GET", body: object = None):
    """Call a path below the project's workspace."""
    config = json.loads((project.root / ".azureml" / "config.json").read_text())
    workspace = (
        f"/subscriptions/{config['subscription_id']}/resourceGroups/{config['resource_group']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{config['workspace_name']}"
    )
    return call(project, f"{workspace}{path}?api-version=2024-10-01", method, body)


def call(project: Project, path: str, method: str = "GET", body: object = None, headers: dict[str, str] | None = None):
    """Call any path; without `headers` with a token for Resource Manager. Gives the JSON answered."""
    variables = _printed(project)
    context = ssl.create_default_context(cafile=variables["REQUESTS_CA_BUNDLE"])
    base = "https://" + variables["ARM_METADATA_HOSTNAME"]
    if headers is None:
        identity = f"{variables['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource={base}"
        request = urllib.request.Request(identity, headers={"X-IDENTITY-HEADER": variables["IDENTITY_HEADER"]})
        token = json.load(urllib.request.urlopen(request, context=context))["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(base + path, data=data, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    return json.load(opener.open(request))


@cache
def _printed(project: Project) -> dict[str, str]:
    """The environment, once: a restart keeps the address."""
    return project.local_environment()
