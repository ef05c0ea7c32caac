"""What this project's pipelines need from the environment they are published in."""

from amlkit import Compute, Datastore

cpu = Compute("cpu")
corpora = Datastore("corpora")
