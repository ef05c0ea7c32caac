"""The storage services: blobs, file shares and Data Lake, through their unmodified clients."""
