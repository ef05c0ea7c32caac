"""What any user of Azure ML would write, with nothing of ours: the official clients and the printed environment."""

import sys

from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

ml = MLClient.from_config(DefaultAzureCredential())
print("workspace", ml.workspaces.get(ml.workspace_name).name)
print("components", *sorted(component.name for component in ml.components.list()))
endpoint = next(iter(ml.batch_endpoints.list()))
job = ml.batch_endpoints.invoke(endpoint_name=endpoint.name)
ml.jobs.stream(job.name)
print("children", *sorted(child.display_name for child in ml.jobs.list(parent_job_name=job.name)))
ml.jobs.download(job.name, download_path=sys.argv[1], output_name="report")
print("status", ml.jobs.get(job.name).status)
