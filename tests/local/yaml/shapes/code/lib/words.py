"""A module that the script imports: it is part of the code."""


def shout(text, sign):
    return text.upper() + sign
