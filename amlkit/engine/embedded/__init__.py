"""A deployment engine that speaks Pulumi's own protocols and keeps its state as Pulumi's file backend does."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # read when grpc is imported; else it tells of every plugin that ends
