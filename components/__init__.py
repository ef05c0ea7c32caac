"""This project's steps: a folder each, with its definition, its script, its environment and lock."""
