"""One file a resource of the stand-in, each with its verbs and its `ROUTES`; joined in `amlkit.local.routes`."""
