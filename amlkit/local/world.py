"""What every handler of the stand-in works on: one frozen record, made by `server.build_world`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..home import Address, Home

if TYPE_CHECKING:
    from .blobs import Blobs
    from .clock import Clock
    from .database import Database
    from .documents import Documents
    from .faults import Faults
    from .jobs import Jobs
    from .nodes import Nodes
    from .tokens import Tokens


@dataclass(frozen=True)
class World:
    """One running stand-in."""

    home: Home
    address: Address
    database: Database
    documents: Documents
    blobs: Blobs
    tokens: Tokens
    jobs: Jobs
    clock: Clock
    faults: Faults
    nodes: Nodes
