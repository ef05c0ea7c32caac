"""The Data Lake service: file systems (the containers of blobs) and the paths in them, over the same plain folders."""
