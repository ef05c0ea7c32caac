"""The article's pipelines: `source/` is its `project_folder`, with the scripts and, beside them, the steps."""
