"""From a request to a job: the body of a PUT, or of an invocation, checked against what it names.

Called by `Jobs`. Gives records only; nothing is written here.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..blobs import Blobs
from ..clock import now
from ..documents import Documents
from ..web import AzureError, check_types
from .assets import Assets, Lookup, nothing_made
from .bindings import missing, mode_name
from .definition import Settings, given_ports, of_command, of_pipeline, of_sweep
from .locations import child_name, paths
from .nodes import destination, is_nothing
from .records import Definition, Job, Kind, Nested, Port, Status, Step
from .state import line, own_properties
from .values import Problems, is_wanted, literal, type_name

_READ = ("name", "inputData", "outputData", "properties")  # of an invocation
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submission:
    """A job and its definition, which is not stored yet: `job.definition` is empty."""

    job: Job
    definition: Definition

    def rows(self, definition: str) -> list[tuple[Job, str]]:
        """The job and those of its steps, each with its line; `definition` is the stored definition's key."""
        job = replace(self.job, definition=definition)
        if job.kind != "Pipeline":
            return [(job, line(job, self.definition.components[""], self.definition.steps[0]))]
        nested = {item.name: item for item in self.definition.nested}
        names = list(dict.fromkeys(path for step in self.definition.steps for path in paths(step.name)))
        steps = {step.name: step for step in self.definition.steps}
        rows = [(job, "")]
        for position, name in enumerate(names):
            step = steps.get(name)
            if step is None:
                rows.append((self._child(job, nested[name], "Pipeline", position), ""))
                continue
            component = self.definition.components[step.component]
            kind: Kind = "Sweep" if component.kind == "sweep" else "Command"
            rows.append((self._child(job, step, kind, position), line(job, component, step)))
        return rows

    def _child(self, job: Job, item: Step | Nested, kind: Kind, position: int) -> Job:
        group = item.name.rpartition(".")[0]
        return replace(
            job,
            name=child_name(job.name, item.name),
            kind=kind,
            parent=child_name(job.name, group) if group else job.name,
            step=item.name,
            position=position,
            display_name=item.display_name,
            inputs={},
            outputs={},
            properties=own_properties(job, item),
            tags=dict(item.tags),
            body={},
        )


class Submitter:
    """Reads requests for one workspace at a time."""

    def __init__(self, documents: Documents, blobs: Blobs, made: Lookup = nothing_made) -> None:
        self._documents = documents
        self._blobs = blobs
        self._made = made

    def of_job(self, workspace: str, name: str, properties: Mapping[str, Any]) -> Submission:
        """An ARM job's `properties`.

        Raises:
            AzureError: 400 with all that is wrong.
        """
        problems = Problems()
        assets = Assets(workspace, self._documents, self._blobs, problems, self._made)
        kind = str(properties.get("jobType"))
        if kind == "Pipeline":
            definition = self._pipeline(properties, assets, problems)
        elif kind == "Command":
            definition = of_command(properties, assets, problems)
        elif kind == "Sweep":
            definition = of_sweep(properties, assets, problems)
        else:
            problems.add("properties.jobType", f"a job of type {kind} does not run in the local Azure ML")
            problems.refuse()
        given = problems.mapping(properties.get("inputs"), "inputs")
        wanted = problems.mapping(properties.get("outputs"), "outputs")
        job = self._job(workspace, name, definition, given, wanted, assets, problems)
        job = replace(
            job,
            experiment=problems.text(properties.get("experimentName"), "experimentName") or "Default",
            display_name=problems.text(properties.get("displayName"), "displayName") or name,
            properties=problems.texts(properties.get("properties"), "properties"),
            tags=problems.texts(properties.get("tags"), "tags"),
            body=properties,
        )
        problems.refuse()
        return Submission(job, self._with_datastore(workspace, definition))

    def of_invocation(
        self, workspace: str, endpoint: str, deployment: Mapping[str, Any], request: Mapping[str, Any]
    ) -> Submission:
        """An invocation of a batch deployment; `request` holds `inputData`, `outputData` and `properties`.

        Raises:
            AzureError: 400 with all that is wrong, or a deployment of a model, which does not run here.
        """
        configuration = deployment["properties"].get("deploymentConfiguration") or {}
        name = str(deployment["name"]).rpartition("/")[2]
        if configuration.get("deploymentConfigurationType") != "PipelineComponent":
            what = f"Deployment '{name}' is not of a pipeline component; the local Azure ML runs no other."
            raise AzureError(400, "UserError", what)
        properties = {
            "jobType": "Pipeline",
            "componentId": (configuration.get("componentId") or {}).get("assetId"),
            "settings": configuration.get("settings"),
            "inputs": request.get("inputData"),
            "outputs": request.get("outputData"),
            "properties": request.get("properties"),
        }
        made = self.of_job(workspace, str(request.get("name") or f"batchjob-{uuid.uuid4()}"), properties)
        own = {**(deployment["properties"].get("properties") or {}), **made.job.properties}
        job = replace(
            made.job,
            endpoint=endpoint,
            deployment=name,
            experiment=own.pop("experimentName", endpoint),
            properties={"azureml.endpointname": endpoint, "azureml.deploymentname": name, **own},
            tags={"azureml.batchrun": "true", "azureml.jobtype": "azureml.pipelinejob"},
            body={},
        )
        return Submission(job, made.definition)

    def _pipeline(self, properties: Mapping[str, Any], assets: Assets, problems: Problems) -> Definition:
        settings = Settings.read(properties.get("settings"), problems)
        compute = problems.text(properties.get("computeId"), "computeId")
        reference = properties.get("componentId")
        if not reference or properties.get("jobs"):
            ports = {side: given_ports(properties.get(side), side, problems) for side in ("inputs", "outputs")}
            spec = {**properties, **ports}
            return of_pipeline(spec, settings, compute, properties.get("inputs"), assets, problems)
        found = assets.component(reference, "componentId").get("componentSpec") or {}
        if found and found.get("type") != "pipeline":
            problems.add("componentId", f"it must be a pipeline component, not {found.get('type')}")
        problems.refuse()
        return of_pipeline(found, settings, compute, properties.get("inputs"), assets, problems)

    def _job(
        self,
        workspace: str,
        name: str,
        definition: Definition,
        given: Mapping[str, Any],
        wanted: Mapping[str, Any],
        assets: Assets,
        problems: Problems,
    ) -> Job:
        inputs = _inputs(definition.inputs, given, assets, problems)
        outputs = _outputs(definition.outputs, wanted, assets, problems)
        if not problems.count:
            _check_steps(definition, inputs, problems)
        return Job(
            name,
            workspace,
            definition.kind,
            Status.NOT_STARTED,
            root=name,
            display_name=name,
            inputs=inputs,
            outputs=outputs,
            created=now(),
        )

    def _with_datastore(self, workspace: str, definition: Definition) -> Definition:
        if definition.datastore:
            return definition
        for store_ in self._documents.children(workspace, "datastores"):
            if store_["properties"].get("isDefault"):
                return replace(definition, datastore=str(store_["id"]).rpartition("/")[2])
        raise AzureError(400, "UserError", "The workspace has no default datastore.")


def read_invocation(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The `properties` of an invocation's body. Members are spelt as one likes, as everywhere in Azure ML's data plane:
    Microsoft's own examples write `InputData` and `JobInputType`. What is not read is said in the log.

    Raises:
        AzureError: 400: `properties` is no object.
    """
    outer = _spelt(body)
    check_types(outer, {"properties": dict})
    inner = _spelt(outer.get("properties") or {})
    ignored = [name for name in outer if name != "properties"]
    ignored += [f"properties.{name}" for name in inner if name not in _READ]
    if ignored:
        known = ", ".join(f"properties.{name}" for name in (*_READ, "properties.experimentName"))
        _log.warning("endpoint %s: ignored in an invocation: %s; read are %s", endpoint, ", ".join(ignored), known)
    for side in ("inputData", "outputData"):
        if isinstance(given := inner.get(side), Mapping):
            inner[side] = {name: _spelt(item) if isinstance(item, Mapping) else item for name, item in given.items()}
    return inner


def _spelt(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: value for name, value in item.items()}


def _inputs(
    ports: Sequence[Port], given: Mapping[str, Any], assets: Assets, problems: Problems
) -> dict[str, dict[str, str]]:
    """What the run gets, defaults included: `{"name": {"type", "value"}}` or `{"name": {"type", "uri", "mode"}}`."""
    found: dict[str, dict[str, str]] = {}
    _refuse_unknown("input", given, ports, problems)
    for port in ports:
        place, item = f"inputs.{port.name}", given.get(port.name)
        if not is_nothing(item):
            plain = item if isinstance(item, Mapping) else {"value": item}
            found[port.name] = _input(port, plain, assets, place, problems)
        elif port.default is not None:
            found[port.name] = {"type": port.type, "value" if port.is_literal else "uri": port.default}
        elif not port.optional:
            problems.add(place, "no value for it")
    return found


def _input(port: Port, item: Mapping[str, Any], assets: Assets, place: str, problems: Problems) -> dict[str, str]:
    kind = type_name(str(item.get("jobInputType") or item.get("job_input_type") or ""))
    kind = kind or ("literal" if "value" in item else "uri_folder")
    if port.is_literal != (kind == "literal"):
        problems.add(place, f"it takes {port.type}, not {kind}")
    elif not port.is_literal:
        if not is_wanted(port, kind):
            problems.add(place, f"it takes {port.type}, not {kind}")
        uri = assets.data(item.get("uri"), place, port)
        return {"type": kind, "uri": uri, "mode": mode_name(str(item.get("mode") or port.mode))}
    else:
        try:
            return {"type": port.type, "value": literal(port, item.get("value"))}
        except ValueError as error:
            problems.add(place, str(error))
    return {"type": port.type, "value": ""}


def _outputs(
    ports: Sequence[Port], wanted: Mapping[str, Any], assets: Assets, problems: Problems
) -> dict[str, dict[str, str]]:
    _refuse_unknown("output", wanted, ports, problems)
    found = {}
    for port in ports:
        given = destination(wanted.get(port.name) or {}, port, f"outputs.{port.name}", assets, problems)
        more = {"mode": given.mode or port.mode, "asset": given.asset, "version": given.version}
        found[port.name] = {"type": port.type, "uri": given.uri, **{key: text for key, text in more.items() if text}}
    return found


def _refuse_unknown(side: str, given: Mapping[str, Any], ports: Sequence[Port], problems: Problems) -> None:
    known = [port.name for port in ports]
    for name in sorted(given.keys() - set(known)):
        problems.add(f"{side}s.{name}", f"there is no such {side}; there is: {', '.join(known) or 'none'}")


def _check_steps(definition: Definition, inputs: Mapping[str, Any], problems: Problems) -> None:
    """What the run's own inputs mean for its steps: required ones have a value, literals fit their type."""
    for step in definition.steps:
        component = definition.components.get(step.component)
        if component is None:
            continue
        for name, parent in missing(step, component, inputs):
            if any(port.name == parent and port.optional for port in definition.inputs):
                problems.add(f"inputs.{parent}", f"jobs.{step.name}.inputs.{name} needs a value for it")
        ports = {port.name: port for port in component.inputs if port.is_literal}
        for name, source in step.inputs.items():
            value = inputs.get(source.text, {}).get("value") if source.kind == "parent" else None
            if value is not None and name in ports:
                try:
                    literal(ports[name], value)
                except ValueError as error:
                    problems.add(f"inputs.{source.text}", f"jobs.{step.name}.inputs.{name} is {error}")
