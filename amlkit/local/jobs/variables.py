"""Environment variables: what a step's process sees, and what uv sees. Nothing that points at the stand-in leaks.

A step gets a short list of the machine's own variables, Azure ML's, MLflow's and its own; so two runs of one step see
the same, and no secret of the shell reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...home import HOST, ML_AUDIENCE, Address, Home
from ..settings import outside
from ..tokens import Tokens
from .environments import Environment
from .locations import work_folder
from .processes import JOB, MARK

_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "JAVA_HOME")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
_TOKEN_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Identity:
    """Which job a process is. `parameters` are the literals of its inputs."""

    job: str
    root: str
    workspace: str
    experiment: str
    parameters: Mapping[str, str]


def cleaned(ambient: Mapping[str, str], home: Home, address: Address) -> dict[str, str]:
    """The variables outside (see `outside`) without those of our own Python; marked as this checkout's."""
    own = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in outside(home, address, ambient).items() if name not in own}
    return {**kept, MARK: str(home.folder)}


def of_step(
    ambient: Mapping[str, str],
    home: Home,
    address: Address,
    tokens: Tokens,
    environment: Environment,
    identity: Identity,
    own: Mapping[str, str],
) -> dict[str, str]:
    """All that a step's process sees. `ambient` is `cleaned`; `own` are the step's declared variables."""
    base = {name: ambient[name] for name in (*_KEPT, *_PROXIES) if name in ambient}
    direct = ",".join(filter(None, [ambient.get("NO_PROXY", ambient.get("no_proxy", "")), HOST, "localhost"]))
    parts = identity.workspace.strip("/").split("/")
    packages = str(work_folder(home, identity.job) / "packages")  # not the shared environment, whatever a step installs
    return {
        **base,
        "PATH": f"{environment.scripts}:{base.get('PATH', '/usr/local/bin:/usr/bin:/bin')}",
        "VIRTUAL_ENV": str(environment.folder),
        "PYTHONUNBUFFERED": "1",
        "PIP_TARGET": packages,
        "PYTHONPATH": ":".join(filter(None, [own.get("PYTHONPATH"), packages])),
        "NO_PROXY": direct,
        "no_proxy": direct,
        "REQUESTS_CA_BUNDLE": str(home.ca_bundle),
        "SSL_CERT_FILE": str(home.ca_bundle),
        "AZUREML_RUN_ID": identity.job,
        "AZUREML_ROOT_RUN_ID": identity.root,
        "AZUREML_EXPERIMENT_NAME": identity.experiment,
        "AZUREML_ARM_SUBSCRIPTION": parts[1],
        "AZUREML_ARM_RESOURCEGROUP": parts[3],
        "AZUREML_ARM_WORKSPACE_NAME": parts[-1],
        "AZUREML_ARM_PROJECT_NAME": identity.experiment,
        "MLFLOW_TRACKING_URI": f"{address.url}/mlflow/v1.0{identity.workspace}",
        "MLFLOW_TRACKING_TOKEN": tokens.issue(ML_AUDIENCE, f"job {identity.job}", _TOKEN_SECONDS),
        "MLFLOW_RUN_ID": identity.job,
        "MLFLOW_EXPERIMENT_NAME": identity.experiment,
        "MLFLOW_DISABLE_TELEMETRY": "true",  # it would call home, and write into the user's
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # it would print links to MLflow's own pages
        **{f"AML_PARAMETER_{re.sub(r'[^0-9A-Za-z_]', '_', name)}": text for name, text in identity.parameters.items()},
        **{name: value for name, value in own.items() if name != "PYTHONPATH"},
        MARK: str(home.folder),
        JOB: identity.job,
    }
