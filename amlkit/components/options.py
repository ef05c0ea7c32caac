"""How a step runs besides its code: variables, time, retries, machines, distribution. Frozen records.

Made by `kinds` from a class's arguments, rendered by `render` and `nodes`; users reach the distributions through
`amlkit.distribution`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Pairs: TypeAlias = tuple[tuple[str, str], ...]  # names and values, in the order of the names


@dataclass(frozen=True)
class PyTorch:
    """`torch.distributed`: as many processes on every instance; each knows `RANK`, `WORLD_SIZE`, `MASTER_ADDR`."""

    processes_per_instance: int = 1


@dataclass(frozen=True)
class Mpi:
    """MPI (also Horovod): as many processes on every instance, started together."""

    processes_per_instance: int = 1


@dataclass(frozen=True)
class TensorFlow:
    """TensorFlow's own: workers and parameter servers, each of which knows its place from `TF_CONFIG`."""

    workers: int = 1
    parameter_servers: int = 0


Distribution: TypeAlias = PyTorch | Mpi | TensorFlow


@dataclass(frozen=True)
class Options:
    """How a step runs. Times in whole seconds; None: no limit.

    `retries`: how often a command that fails is started again. `instances`: machines of the compute that it takes.
    `shm_size`: shared memory as Docker writes it (`2g`). Tags are words on what is registered, they change no result.
    """

    variables: Pairs = ()
    timeout_seconds: int | None = None
    retries: int = 0
    instances: int = 1
    shm_size: str = ""
    distribution: Distribution | None = None
    tags: Pairs = ()


@dataclass(frozen=True)
class Parallel:
    """How a step goes over its data in mini batches.

    `input` is the input port that is cut up: `mini_batch_size` files a batch, or, of a table, as many bytes
    (`10kb`). An entry that fails counts towards `error_threshold`, a batch that fails for good towards
    `mini_batch_error_threshold` (-1: any number is borne). `append_row_to` is the output port for what `run` returns.
    A batch is tried `max_tries` times, `invocation_timeout` seconds each; `processes` run on every instance.
    """

    input: str = ""
    mini_batch_size: str = "10"
    error_threshold: int = -1
    mini_batch_error_threshold: int = -1
    append_row_to: str = ""
    max_tries: int = 3
    invocation_timeout: int = 60
    processes: int = 1
    logging_level: str = "INFO"
