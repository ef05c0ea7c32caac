"""MLflow's REST API 2.0 over jobs: a job is a run, an experiment is a name that jobs share.

Enough for an unmodified client in a step (metrics, parameters, tags, artifacts as files) and for reading runs from
outside. A reused step answers with the metrics of the job it was taken from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..jobs.metrics import Metric
from ..jobs.records import Job, Status
from ..web import ARM_OR_ML, WORKSPACE, AzureError, check_types, route, workspace_id, world

BASE = f"/mlflow/v1.0{WORKSPACE}/api/2.0/mlflow"
_STATUS = {Status.RUNNING: "RUNNING", Status.COMPLETED: "FINISHED", Status.FAILED: "FAILED", Status.CANCELED: "KILLED"}
_PARENT = re.compile(r"""\s*tags?\.[`"]?mlflow\.parentRunId[`"]?\s*=\s*['"]([^'"]*)['"]\s*""")
_PAGE = 1000
_BEYOND = 2**63  # what SQLite stores no more


def get_experiment(request: Request, _: Any) -> Any:
    """By its id."""
    return _experiment(request, _sent(request, None, "experiment_id"))


def get_experiment_by_name(request: Request, _: Any) -> Any:
    """By its name."""
    jobs, workspace = world(request).jobs, workspace_id(request)
    name = _sent(request, None, "experiment_name")
    found = jobs.experiments.find(workspace, name)
    if found is None:
        raise AzureError(404, "RESOURCE_DOES_NOT_EXIST", f"There is no experiment '{name}'.")
    return _experiment(request, found)


def create_experiment(request: Request, body: Any) -> Any:
    """A name for runs to come."""
    name = _sent(request, body, "name")
    return {"experiment_id": world(request).jobs.experiments.create(workspace_id(request), name)}


def get_run(request: Request, _: Any) -> Any:
    """A run with its last metrics, its parameters and its tags."""
    return {"run": _run(request, _job(request, None))}


def create_run(request: Request, body: Any) -> Any:
    """A run that the client ends itself: a nested one in a step, or one of a script outside."""
    jobs, workspace = world(request).jobs, workspace_id(request)
    tags = _pairs_of(body, "tags")
    identifier = _sent(request, body, "experiment_id")
    experiment = jobs.experiments.name(workspace, identifier)
    if experiment is None:
        raise AzureError(404, "RESOURCE_DOES_NOT_EXIST", f"There is no experiment with id '{identifier}'.")
    name = _text(body, "run_name") or tags.get("mlflow.runName", "")
    job = jobs.create_run(workspace, experiment, name, tags.pop("mlflow.parentRunId", ""), tags)
    return {"run": _run(request, job)}


def search_runs(request: Request, body: Any) -> Any:
    """Runs of experiments; of one parent only with the filter `tags.mlflow.parentRunId = '…'`. No other filter."""
    sent = body or {}
    jobs, workspace = world(request).jobs, workspace_id(request)
    text = str(sent.get("filter") or "").strip()
    match = _PARENT.fullmatch(text)
    if text and not match:
        what = f"The local Azure ML searches runs by tags.mlflow.parentRunId only, not by: {text}"
        raise AzureError(501, "NOT_IMPLEMENTED", what)
    if sent.get("order_by"):
        raise AzureError(501, "NOT_IMPLEMENTED", "The local Azure ML gives runs newest first only, without order_by")
    check_types(sent, {"experiment_ids": list, "max_results": int, "page_token": str})
    wanted = {jobs.experiments.name(workspace, str(each)) for each in sent.get("experiment_ids") or []}
    if match:
        found = jobs.children(workspace, match[1])
    else:
        tops = [job for job in jobs.list(workspace) if job.experiment in wanted]
        steps = [step for job in tops for step in (job, *jobs.children(workspace, job.name))]
        found = [run for step in steps for run in (step, *(jobs.children(workspace, step.name) if step.parent else ()))]
    start = _page(sent.get("page_token") or "0")
    end = start + min(max(sent.get("max_results") or _PAGE, 1), _PAGE)
    runs = [_run(request, job) for job in found[start:end] if not wanted or job.experiment in wanted]
    return {"runs": runs, **({"next_page_token": str(end)} if end < len(found) else {})}


def update_run(request: Request, body: Any) -> Any:
    """A new name, and the state of a run that the client made; a job's own state is that of its process."""
    jobs, job = world(request).jobs, _job(request, body)
    states = {name: status for status, name in _STATUS.items()}
    status, name = _text(body, "status"), _text(body, "run_name")
    if status in states:
        job = jobs.end_run(job, states[status])
    if name:
        job = jobs.update(job, {"displayName": name})
    return {"run_info": _info(request, job)}


def log_metric(request: Request, body: Any) -> Any:
    """One value."""
    world(request).jobs.metrics.log(_job(request, body).name, [_metric(body)])
    return {}


def log_parameter(request: Request, body: Any) -> Any:
    """One parameter, which never changes."""
    pair = (_sent(request, body, "key"), str((body or {}).get("value", "")))
    world(request).jobs.metrics.log(_job(request, body).name, [], [pair])
    return {}


def set_tag(request: Request, body: Any) -> Any:
    """One tag."""
    key = _sent(request, body, "key")
    world(request).jobs.update(_job(request, body), {"tags": {key: str((body or {}).get("value", ""))}})
    return {}


def log_batch(request: Request, body: Any) -> Any:
    """Metrics, parameters and tags together: all or none."""
    here, job = world(request), _job(request, body)
    metrics = [_metric(item) for item in _items(body, "metrics")]
    parameters, tags = _pairs_of(body, "params"), _pairs_of(body, "tags")
    with here.database.transaction():
        here.jobs.metrics.log(job.name, metrics, parameters.items())
        if tags:
            here.jobs.update(job, {"tags": tags})
    return {}


def get_history(request: Request, _: Any) -> Any:
    """All values of one metric."""
    key = _sent(request, None, "metric_key")
    found = world(request).jobs.metrics.history(_shown(_job(request, None)), key)
    return {"metrics": [_metric_view(item) for item in found]}


def list_artifacts(request: Request, _: Any) -> Any:
    """The files and folders of a run's artifacts, one level."""
    job = _job(request, None)
    root = world(request).jobs.artifacts(job)
    folder = root.joinpath(*[part for part in request.query_params.get("path", "").split("/") if part not in ("", ".")])
    if ".." in request.query_params.get("path", "").split("/"):
        raise AzureError(400, "INVALID_PARAMETER_VALUE", "A path of an artifact must not leave the run.")
    items = sorted(folder.iterdir()) if folder.is_dir() else []
    files = [
        {
            "path": item.relative_to(root).as_posix(),
            "is_dir": item.is_dir(),
            **({} if item.is_dir() else {"file_size": item.stat().st_size}),
        }
        for item in items
    ]
    return {"root_uri": root.as_uri(), "files": files}


def search_models(_: Request, __: Any) -> Any:
    """None: logged models cannot be created here, and the client asks for them before it lists artifacts."""
    return {"models": []}


def _experiment(request: Request, identifier: str) -> dict[str, Any]:
    here, workspace = world(request), workspace_id(request)
    name = here.jobs.experiments.name(workspace, identifier)
    if name is None:
        raise AzureError(404, "RESOURCE_DOES_NOT_EXIST", f"There is no experiment with id '{identifier}'.")
    found = {"experiment_id": identifier, "name": name, "lifecycle_stage": "active"}
    return {"experiment": {**found, "artifact_location": "", "tags": []}}


def _run(request: Request, job: Job) -> dict[str, Any]:
    metrics = world(request).jobs.metrics
    tags = {"mlflow.runName": job.display_name, "mlflow.rootRunId": job.root, **job.tags}
    if job.parent:
        tags["mlflow.parentRunId"] = job.parent
    return {
        "info": _info(request, job),
        "data": {
            "metrics": [_metric_view(item) for item in metrics.latest(_shown(job))],
            "params": _pairs(metrics.parameters(_shown(job))),
            "tags": _pairs(tags),
        },
        "inputs": {},
    }


def _info(request: Request, job: Job) -> dict[str, Any]:
    jobs = world(request).jobs
    info: dict[str, Any] = {
        "run_id": job.name,
        "run_uuid": job.name,
        "run_name": job.display_name,
        "experiment_id": jobs.experiments.id(job.workspace, job.experiment),
        "user_id": "amlkit local",
        "status": _STATUS.get(job.status, "SCHEDULED"),
        "artifact_uri": jobs.artifacts(job).as_uri(),
        "lifecycle_stage": "active",
        "start_time": _milliseconds(job.started or job.created),
    }
    return info | ({"end_time": _milliseconds(job.ended)} if job.ended else {})


def _items(body: Any, name: str) -> list[Mapping[str, Any]]:
    """A member of a body that is a list of objects."""
    found = (body or {}).get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise AzureError(400, "INVALID_PARAMETER_VALUE", f"'{name}' must be a list of objects.")
    return found


def _pairs_of(body: Any, name: str) -> dict[str, str]:
    """A member of a body that is a list of keys and values."""
    found = _items(body, name)
    if not all("key" in item for item in found):
        raise AzureError(400, "INVALID_PARAMETER_VALUE", f"Each of '{name}' must have a key.")
    return {str(item["key"]): str(item.get("value", "")) for item in found}


def _text(body: Any, name: str) -> str:
    check_types(body or {}, {name: str})
    return (body or {}).get(name) or ""


def _page(token: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", token):
        raise AzureError(400, "INVALID_PARAMETER_VALUE", f"Not a page token of this server: '{token}'.")
    return int(token)


def _metric(item: Mapping[str, Any]) -> Metric:
    try:
        value, timestamp, step = float(item["value"]), int(item["timestamp"]), int(item.get("step") or 0)
        if max(abs(timestamp), abs(step)) >= _BEYOND:
            raise OverflowError
        return Metric(str(item["key"]), value, timestamp, step)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise AzureError(400, "INVALID_PARAMETER_VALUE", f"Not a metric: {item}") from error


def _metric_view(item: Metric) -> dict[str, Any]:
    names = {math.inf: "Infinity", -math.inf: "-Infinity"}
    value: Any = "NaN" if math.isnan(item.value) else names.get(item.value, item.value)
    return {"key": item.key, "value": value, "timestamp": item.timestamp, "step": item.step}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _shown(job: Job) -> str:
    return job.properties.get("azureml.reusedrunid", job.name)


def _job(request: Request, body: Any) -> Job:
    try:
        return world(request).jobs.get(workspace_id(request), _sent(request, body, "run_id", "run_uuid"))
    except AzureError as error:
        raise AzureError(404, "RESOURCE_DOES_NOT_EXIST", error.message) from error


def _sent(request: Request, body: Any, *names: str) -> str:
    for source in (body if isinstance(body, Mapping) else {}, request.query_params):
        for name in names:
            if source.get(name):
                return str(source[name])
    raise AzureError(400, "INVALID_PARAMETER_VALUE", f"Missing value for required parameter '{names[0]}'.")


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


def _mlflow_route(path: str, endpoint: Callable[[Request, Any], Any], method: str) -> Route:
    """A route whose refusals have MLflow's shape beside Azure's."""

    def answer(request: Request, body: Any) -> Response | Any:
        try:
            return endpoint(request, body)
        except AzureError as error:
            shape = {"code": error.code, "message": error.message}
            content = {"error_code": error.code, "message": error.message, "error": shape}
            return JSONResponse(content, error.status)

    return route(f"{BASE}/{path}", answer, [method], ARM_OR_ML)


def _routes(table: Iterable[tuple[str, str, Callable[[Request, Any], Any]]]) -> list[Route]:
    return [_mlflow_route(path, endpoint, method) for method, path, endpoint in table]


ROUTES = _routes(
    (
        ("GET", "experiments/get", get_experiment),
        ("GET", "experiments/get-by-name", get_experiment_by_name),
        ("POST", "experiments/create", create_experiment),
        ("POST", "runs/create", create_run),
        ("GET", "runs/get", get_run),
        ("POST", "runs/search", search_runs),
        ("POST", "runs/update", update_run),
        ("POST", "runs/log-metric", log_metric),
        ("POST", "runs/log-parameter", log_parameter),
        ("POST", "runs/set-tag", set_tag),
        ("POST", "runs/log-batch", log_batch),
        ("GET", "metrics/get-history", get_history),
        ("GET", "artifacts/list", list_artifacts),
        ("POST", "logged-models/search", search_models),
    )
)
