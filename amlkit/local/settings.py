"""What a checkout's stand-in keeps from start to start besides its address: reuse rules, a size, the network outside.

`amlkit local env` replaces proxy and roots in a shell; a stand-in started from such a shell must still know the ones
that were there before. So they are remembered at each start from a shell that does not point at a stand-in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

from ..errors import SetupError
from ..home import CLOUD, UNSET, Address, Home

RULES = ("content", "azure")
# of the variables that `env` prints, and their twins, which win over them
_NETWORK = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Settings:
    """`reuse` is the rule set of jobs, `limit_bytes` what garbage collection lets lie (0: everything).

    `network` are the proxy and roots of the world outside.
    """

    reuse: str = "content"
    limit_bytes: int = 0
    network: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> Settings:
        """What was kept; the defaults before the first start.

        Raises:
            SetupError: the file is damaged.
        """
        path = _path(home)
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError) as error:
            raise SetupError(f"damaged: {error}", where=str(path), hint="remove that file") from error

    def write(self, home: Home) -> None:
        """Keep it for the next start."""
        _path(home).write_text(json.dumps(asdict(self)) + "\n")


def points_at_a_stand_in(environment: Mapping[str, str]) -> bool:
    """Was `amlkit local env` of this or another checkout evaluated in this environment?"""
    return environment.get("AZUREML_CURRENT_CLOUD") == CLOUD


def network_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The proxy and roots that an environment names."""
    return {name: environment[name] for name in _NETWORK if environment.get(name)}


def outside(
    home: Home, address: Address, environment: Mapping[str, str], network: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The environment without anything that points at a stand-in: what it and its children run in.

    `network` takes the place of what `env` has replaced.
    """
    ours, points = home.environment(address), points_at_a_stand_in(environment)
    dropped = {*UNSET, *(name for name, value in ours.items() if points or environment.get(name) == value)}
    kept = {name: value for name, value in environment.items() if name not in dropped}
    return {**kept, **network} if points else kept


def _path(home: Home) -> Path:
    return home.folder / "local.json"
