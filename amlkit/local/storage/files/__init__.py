"""The file service: shares, with directories and files in them, over plain folders of their own."""
