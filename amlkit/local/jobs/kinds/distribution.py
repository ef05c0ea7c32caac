"""Commands of several processes: which there are, and what each sees of the others. Pure.

`read` is called by `definition` for commands, and by the sweep for its trials; `ranks` by the runner. Several nodes are
several processes of this machine. Variables: those of PyTorch's `env://`, of Open MPI, `TF_CONFIG`, and what Azure ML
documents for jobs of several nodes.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..values import Problems
from .reading import Options, member

_TYPES = ("pytorch", "mpi", "tensorflow")
_HOST = "127.0.0.1"
_MOST = 256  # processes of one step: beyond it this machine is the wrong one


@dataclass(frozen=True)
class Rank:
    """One process: the name of its log, and the variables that are its own. `serves`: it ends with the others."""

    log: str
    variables: Mapping[str, str]
    serves: bool = False


def read(spec: Mapping[str, Any], node: Mapping[str, Any], place: str, problems: Problems) -> dict[str, Any]:
    """`{"instances": 2, "distribution": {"type": "pytorch", "processes": 2}}`; empty for one process.

    `spec` is a command component's, `node` a node's or a command job's; snake or camel case.
    """
    if all(member(level, name) is None for level in (node, spec) for name in ("resources", "distribution")):
        return {}
    options = Options(spec, node, place, problems)
    instances = options.below("resources").integer("instance_count", 1, 1)
    found: dict[str, Any] = {"instances": instances} if instances != 1 else {}
    level = next((item for item in (node, spec) if member(item, "distribution")), None)
    given = problems.mapping(member(level, "distribution"), f"{place}.distribution") if level is not None else {}
    if given:
        found["distribution"] = _distribution(Options({}, given, f"{place}.distribution", problems), instances)
    if _count(found) > _MOST:
        problems.add(place, f"more processes than the local Azure ML starts for one step: {_count(found)}")
    return found


def instances(options: Mapping[str, Any]) -> int:
    """How many nodes of its cluster a step takes."""
    return int(options.get("instances") or 1)


def check_nodes(options: Mapping[str, Any], nodes: int, place: str, problems: Problems) -> None:
    """A step that wants more nodes than its cluster ever has is a problem; `nodes` 0: a compute without a limit."""
    wanted = instances(options)
    if nodes and wanted > nodes:
        problems.add(f"{place}.resources", f"`instance_count` is {wanted}, but its compute has at most {nodes} nodes")


def ranks(options: Mapping[str, Any], ports: list[int]) -> list[Rank]:
    """The processes of a step of more than one; `ports` are free ones, one a process (see `count`)."""
    distribution = options.get("distribution") or {"type": "", "processes": 1}
    if distribution["type"] == "tensorflow":
        return _tensorflow(distribution["workers"], distribution["servers"], ports)
    nodes, each = instances(options), int(distribution["processes"])
    return [
        _rank(distribution["type"], node, local, nodes, each, ports[0])
        for node in range(nodes)
        for local in range(each)
    ]


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nobody uses now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((_HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def count(options: Mapping[str, Any]) -> int:
    """How many processes a step has."""
    return _count(options)


def is_plain(options: Mapping[str, Any]) -> bool:
    """Is it one process that knows of no other?"""
    return not options.get("distribution") and instances(options) == 1


def _count(options: Mapping[str, Any]) -> int:
    found = options.get("distribution") or {}
    if found.get("type") == "tensorflow":
        return int(found["workers"]) + int(found["servers"])
    return instances(options) * int(found.get("processes", 1))


def _distribution(given: Options, instances: int) -> dict[str, Any]:
    kind = given.text("type") or given.text("distribution_type")
    if kind.lower() not in _TYPES:
        what = f"a distribution of type {kind} does not run in the local Azure ML, only: {', '.join(_TYPES)}"
        given.problems.add(given.place, what)
        return {"type": "mpi", "processes": 1}
    if kind.lower() == "tensorflow":
        workers = given.integer("worker_count", instances, 1)
        return {"type": "tensorflow", "workers": workers, "servers": given.integer("parameter_server_count", 0)}
    return {"type": kind.lower(), "processes": given.integer("process_count_per_instance", 1, 1)}


def _rank(kind: str, node: int, local: int, nodes: int, each: int, port: int) -> Rank:
    rank, size = node * each + local, nodes * each
    names = {"NODE_RANK": node, "AZUREML_NODE_COUNT": nodes, "MASTER_ADDR": _HOST, "MASTER_PORT": port}
    names |= {"AZ_BATCH_MASTER_NODE": f"{_HOST}:{port}", "AZ_BATCHAI_MPI_MASTER_NODE": _HOST}
    if kind == "pytorch":
        names |= {"RANK": rank, "LOCAL_RANK": local, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": each, "GROUP_RANK": node}
    elif kind == "mpi":
        names |= {"OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": size, "OMPI_UNIVERSE_SIZE": size}
        names |= {"OMPI_COMM_WORLD_LOCAL_RANK": local, "OMPI_COMM_WORLD_LOCAL_SIZE": each}
        names |= {"OMPI_COMM_WORLD_NODE_RANK": local}
    return Rank(_log(rank), {name: str(value) for name, value in names.items()})


def _tensorflow(workers: int, servers: int, ports: list[int]) -> list[Rank]:
    addresses = [f"{_HOST}:{port}" for port in ports]
    cluster = {"worker": addresses[:workers]} | ({"ps": addresses[workers : workers + servers]} if servers else {})
    found = []
    for kind, index in [("worker", n) for n in range(workers)] + [("ps", n) for n in range(servers)]:
        task = json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}, "environment": "cloud"})
        suffix = "_ps" if kind == "ps" else ""
        log = f"user_logs/std_log_process_{index:02}{suffix}.txt"
        found.append(Rank(log, {"TF_CONFIG": task}, serves=kind == "ps"))
    return found


def _log(rank: int) -> str:
    return f"user_logs/std_log_process_{rank:02}.txt"
