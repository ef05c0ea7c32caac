"""Runs a Pulumi program, on the official CLI or on the embedded engine. Knows nothing of Azure ML."""
