"""From a change to production: the one layer that sees pipelines, infra and engine. The commands call it."""
