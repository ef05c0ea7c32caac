"""A stand-in to record on: what azure-ai-ml sends is the same whoever answers."""

from tests.local.conftest import environment_cache, group, stand_in  # noqa: F401  fixtures
