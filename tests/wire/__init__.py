"""Our bodies against those that the real azure-ai-ml sends for the same definitions."""
