"""How the processes of one step work together: `distribution=PyTorch(processes_per_instance=2)`.

An argument of the class of a step that runs a command; with `instances=2` the processes start on two machines.
"""

from __future__ import annotations

from .components.options import Mpi, PyTorch, TensorFlow

__all__ = ["Mpi", "PyTorch", "TensorFlow"]
