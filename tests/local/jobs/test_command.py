"""Command lines: values are quoted for the place they stand in, optional parts come and go."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlkit.local.jobs.command import render, render_plain
from amlkit.local.jobs.values import of_type, seconds

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def shell(line: str) -> str:
    return subprocess.run(["/bin/bash", "-c", line], capture_output=True, check=True).stdout.decode()


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_no_value_becomes_shell_code(value):
    line = """printf '%s\\n' ${{inputs.x}} "a ${{inputs.x}}" 'b ${{inputs.x}}' end"""
    assert shell(render(line, {"x": value}, {})) == f"{value}\na {value}\nb {value}\nend\n"


def test_plain_values_stand_as_they_are():
    assert (
        render("t --rate ${{inputs.rate}} > ${{ outputs.o }}/f", {"rate": "0.1"}, {"o": "/d"}) == "t --rate 0.1 > /d/f"
    )


def test_an_optional_part_goes_when_one_of_its_inputs_has_no_value():
    line = "train $[[--a ${{inputs.a}}]] $[[--b ${{inputs.a}} ${{inputs.b}}]]"
    assert render(line, {"a": "1"}, {}) == "train --a 1 "
    assert render(line, {"a": "1", "b": "2"}, {}) == "train --a 1 --b 1 2"


def test_variables_are_not_quoted():
    assert render_plain("x ${{inputs.a}}", {"a": "b c"}, {}) == "x b c"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 3.0, "3.0"),
        ("number", "0.10", "0.10"),
        ("integer", 3.0, "3"),
        ("integer", "7", "7"),
        ("boolean", True, "True"),
        ("boolean", "false", "False"),
        ("string", "", ""),
    ],
)
def test_literals_are_written_as_azure_does(kind, value, text):
    assert of_type(kind, value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "fast"), ("number", True), ("integer", 2.5), ("boolean", 1), ("string", 3), ("number", "nan")],
)
def test_a_literal_of_another_type_is_refused(kind, value):
    with pytest.raises(ValueError, match="not a"):
        of_type(kind, value)


def test_timeouts_are_seconds_or_durations():
    assert [seconds(each) for each in (None, 60, "90", "PT1H30M", "P1DT1S")] == [0, 60, 90, 5400, 86401]
    with pytest.raises(ValueError, match="not a duration"):
        seconds("soon")
