"""A small compiled pipeline made by hand: one step whose code is one file."""

import hashlib
from pathlib import Path

from amlkit import digest
from amlkit.manifest import DEFINITION_PROPERTY, Asset, Manifest, SnapshotFile, reference


def of_file(source, name="training"):
    """A pipeline of one step that runs `source`, a text file."""
    content = Path(source).read_bytes().replace(b"\r\n", b"\n")
    file = SnapshotFile("run.py", len(content), hashlib.sha256(content).hexdigest(), is_text=True, source=str(source))
    code = digest.of_tree([(file.path, file.sha256)])
    definition = digest.of([name, code])
    spec = {"type": "command", "name": "step", "command": "python run.py", "inputs": {}, "outputs": {}}
    references = {
        "code": f"azureml:{reference('code', 'step')}",
        "environment": f"azureml:{reference('environment', 'step')}",
    }
    job = {
        "type": "command",
        "componentId": reference("component", "step"),
        "computeId": reference("compute", "cpu"),
        "inputs": {"table": {"job_input_type": "uri_folder", "uri": uri()}},
    }
    whole = {"type": "pipeline", "name": name, "inputs": {}, "outputs": {}, "jobs": {"step": job}}
    environment = {"image": "mcr.microsoft.com/azureml/base", "condaFile": "dependencies: [python=3.11]"}
    assets = (
        Asset("code", "step", f"{name}-code", code, _body(code, codeUri=reference("snapshot", "step")), files=(file,)),
        Asset("environment", "step", f"{name}-environment", "e", _body("e", **environment)),
        Asset("component", "step", f"{name}-step", code, _body(code, componentSpec={**spec, **references})),
        Asset("component", name, name, definition, _body(definition, componentSpec=whole)),
    )
    return Manifest(name, definition, "One step.", assets, computes=("cpu",), datastores=("corpora",))


def uri():
    return f"azureml://datastores/{reference('datastore', 'corpora')}/paths/table/"


def _body(definition, **rest):
    return {**rest, "isAnonymous": False, "properties": {DEFINITION_PROPERTY: definition}}
