"""The process that Pulumi starts: `python -m amlkit.provider.published <engine address>`."""

from amlkit.provider.published.plugin import Published
from amlkit.provider.serve import serve

serve(Published)
