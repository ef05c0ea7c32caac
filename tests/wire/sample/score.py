"""The entry script of a parallel step."""


def init():
    """Called once in each worker."""


def run(mini_batch):
    """A row for each file."""
    return [str(path) for path in mini_batch]
