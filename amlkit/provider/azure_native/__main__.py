"""`python -m amlkit.provider.azure_native <engine address>`: what the installed executable runs."""

from .plugin import main

main()
