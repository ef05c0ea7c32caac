"""`python -m amlkit` is `amlkit`."""

from amlkit.cli import main

if __name__ == "__main__":
    main()
