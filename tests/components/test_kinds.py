"""What is said about the arguments, commands and scripts of steps of every kind, before anything runs."""

from __future__ import annotations

import textwrap

import pytest

from amlkit.components.component import inspect
from amlkit.components.step import definition_of
from tests.components.written import hints, whats

ENVIRONMENT = 'environment=Curated("sklearn-1.5")'
ENTRY = "def init(): ...\ndef run(mini_batch): return mini_batch\n"


@pytest.fixture
def step(tmp_path, load):
    """The definition of the class `Made` with a kind, class arguments and a body; `files` lie beside it."""

    def step(kind: str, arguments: str, body: str = "pass", **files: str):
        for name, content in {"train": "", "score": ENTRY, **files}.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(content))
        given = ", ".join(filter(None, (kind, arguments, ENVIRONMENT)))
        text = f"class Made({given}):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        return definition_of(load(text).Made)

    return step


PORTS = (
    "\ndata: Input[Folder]\nrate: Input[float] = 0.1\nmore: Input[int] | None = None\nmodel: Output[Folder] = output()"
)


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("timeout=0", "made.timeout: not a time above 0: 0"),
        ('timeout="1h"', "made.timeout: not a time above 0: '1h'"),
        ("timeout=timedelta(0)", "made.timeout: not a time above 0: datetime.timedelta(0)"),
        ("retries=-1", "made.retries: not a whole number of 0 or more: -1"),
        ("instances=0", "made.instances: not a whole number of 1 or more: 0"),
        ("instances=True", "made.instances: not a whole number of 1 or more: True"),
        ('shm_size="much"', "made.shm_size: not a size: 'much'"),
        ("shm_size=0", "made.shm_size: not a size: 0"),
        ("instances=10**400", "made.instances: a number above 2147483647"),
        ('modes={1: "download"}', "made.modes: no port is called `1`"),
        ('distribution="mpi"', "made.distribution: not a distribution: 'mpi'"),
        (
            "distribution=distribution.PyTorch(0)",
            "made.distribution.processes_per_instance: not a whole number of 1 or more: 0",
        ),
        ('environment_variables={"A B": "1"}', "made.environment_variables: not a legal name: 'A B'"),
        ('environment_variables={"A": 1}', "made.environment_variables: the value of `A` is not a text: 1"),
        ('tags="a"', "made.tags: not a mapping of names to texts: 'a'"),
        ('hash_paths="train.py"', "made.hash_paths: not a list of paths: 'train.py'"),
        ('code="src"', "made.code: a PythonScriptStep takes no argument `code`"),
        ('allow_reuse="no"', "made.allow_reuse: neither True nor False: 'no'"),
        ('modes={"daat": "download"}', "made.modes: no port is called `daat`"),
        ('modes={"data": "upload"}', "made.data: an input of type uri_folder has no mode `upload`"),
        ('modes={"data": "eval_mount"}', "made.data: an input of type uri_folder has no mode `eval_mount`"),
        ('modes={"rate": "download"}', "made.rate: an input of type number has no mode `download`"),
        ('modes={"model": "download"}', "made.model: an output has no mode `download`"),
        ('command="ls"', "made.command: a PythonScriptStep takes no argument `command`"),
        ('mini_batch_size="10kb"', "made.mini_batch_size: a PythonScriptStep takes no argument `mini_batch_size`"),
    ],
)
def test_an_argument_that_makes_no_sense(step, argument, problem):
    assert whats(step("PythonScriptStep", f'script="train.py", {argument}', PORTS)) == [problem]


@pytest.mark.parametrize(
    ("port", "problem"),
    [
        ('m: Output[Folder] = output(register="a b")', "made.m: not a legal name to register: 'a b'"),
        ('m: Output[Folder] = output(register="a", version="1 2")', "made.m: not a legal version to register: '1 2'"),
        ('m: Output[Folder] = output(version="1")', "made.m: it has a version and is not registered"),
        ('m: Output[Folder] = output(mode="ro_mount")', "made.m: an output has no mode `ro_mount`"),
        ('m: Output[MLflowModel] = output(register="a-b.c", version="1", mode="upload")', None),
    ],
)
def test_what_an_output_is_registered_as(step, port, problem):
    assert whats(step("PythonScriptStep", 'script="train.py"', port)) == ([problem] if problem else [])


def test_arguments_of_a_wrong_type(load):
    text = 'class Made(CommandStep, command=3, code=4, environment="conda.yaml"):\n    pass\n'
    assert {
        "made.command: not a text: 3",
        "made.code: not a text: 4",
        "made.environment: not an environment: 'conda.yaml'",
    } <= set(whats(definition_of(load(text).Made)))


def test_a_misspelt_argument_is_told_with_what_is_near(step):
    made = step("PythonScriptStep", 'script="train.py", enviroment_variables={}', PORTS)
    assert hints(made) == {"made.enviroment_variables": "did you mean `environment_variables`?"}


def test_all_problems_of_a_step_are_told_at_once(step):
    made = step("PythonScriptStep", 'script="absent.py", retries=-1, hash_paths=["b.py"]', "a: Input[list]")
    assert {problem.where for problem in inspect(made)[1]} == {
        "made.a",
        "made.retries",
        "made.hash_paths",
        "made.script",
    }


@pytest.mark.parametrize(
    ("command", "problems"),
    [
        ("cp ${{inputs.data}} ${{outputs.model}} ${{inputs.rate}} $[[--more ${{inputs.more}}]]", {}),
        (" ", {"made": 'say `command="…"`'}),
        (
            "${{inputs.data}} ${{inputs.raet}} ${{inputs.rate}} ${{outputs.model}} $[[${{inputs.more}}]]",
            {"made.command": "did you mean `rate`?"},
        ),
        (
            "${{inputs.data}} ${{inputs.rate}} ${{inputs.model}} ${{outputs.model}} $[[${{inputs.more}}]]",
            {"made.command": "did you mean `outputs.model`?"},
        ),
        (
            "${{inputs.data}} ${{parent.inputs.rate}} ${{inputs.rate}} ${{outputs.model}} $[[${{inputs.more}}]]",
            {"made.command": "a placeholder is `${{inputs.…}}` or `${{outputs.…}}`"},
        ),
        (
            "${{inputs.data}} ${{outputs.model}} $[[${{inputs.more}}]]",
            {"made.rate": "use `${{inputs.rate}}`, or remove the port"},
        ),
        (
            "${{inputs.data}} ${{inputs.rate}} ${{outputs.model}} ${{inputs.more}}",
            {"made.command": "write `$[[… ${{inputs.more}}]]`: that part is left out when it has no value"},
        ),
        (
            "${{inputs.data}} $[[${{inputs.rate}}]] ${{outputs.model}} $[[${{inputs.more}}]]",
            {"made.command": "it is always there: drop `$[[ ]]`"},
        ),
    ],
)
def test_the_placeholders_of_a_command_are_the_ports(step, command, problems):
    assert hints(step("CommandStep", f'command="{command}"', PORTS)) == problems


def test_the_code_of_a_command(step, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "run.sh").write_text("ls\r\n")
    component, problems = inspect(step("CommandStep", 'command="sh run.sh", code="src"'))
    assert problems == ()
    assert [file.path for file in component.snapshot.files] == ["run.sh"]
    assert whats(step("CommandStep", 'command="ls", code="absent"')) == ["made.code: no such folder: absent"]
    assert whats(step("CommandStep", 'command="ls", code=None, hash_paths=["a"]')) == [
        "made.hash_paths: the step has no code: it says `code=None`"
    ]


def parser(*arguments: str) -> str:
    lines = "".join(f"p.add_argument({argument})\n" for argument in arguments)
    return "import argparse\np = argparse.ArgumentParser()\n" + lines


@pytest.mark.parametrize(
    ("port", "argument", "problem"),
    [
        ("a: Input[bool] = False", '"--a", action="store_true"', "`--a` of `train.py` takes no value"),
        ("a: Input[bool] = False", '"--a", action=argparse.BooleanOptionalAction', "takes no value, a step gives it"),
        ("a: Input[bool] = False", '"--a", type=bool', "is read by `bool`, the port is of type boolean"),
        ("a: Input[bool] = False", '"--a", choices=["True", "False"]', None),
        ("a: Input[float] = 0.5", '"--a", type=int', "is read by `int`, the port is of type number"),
        ("a: Input[float] = 0.5", '"--a", type=float', None),
        ("a: Input[int] = 5", '"--a", type=float', None),
        ('a: Input[str] = "x"', '"--a", type=int', "is read by `int`, the port is of type string"),
        ("a: Input[int] | None = None", '"--a", required=True', "insists on `--a`, which is optional"),
        ("a: Input[int] | None = None", '"--a", type=int', None),
        ('a: Input[Literal["x", "y"]] = "x"', '"--a", choices=["x"]', "`--a` of `train.py` does not take y"),
        ('a: Input[Literal["x", "y"]] = "x"', '"--a", choices=["x", "y", "z"]', None),
        ("a: Input[Kind] = Kind.DEEP", '"--a", choices=("linear",)', "does not take linear, deep"[:14]),
        ('a: Input[str] = "w"', '"--a", choices=["x"]', "`--a` of `train.py` does not take w"),
        ("a: Input[int] = 3", '"--a", type=int, choices=[1, 2, 3]', None),
        ("a: Output[File] = output()", '"--a", type=int', None),
        ("a: Input[int] = 3", '"a"', "insists on the positional argument `a`"),
    ],
)
def test_a_script_takes_the_values_of_the_ports(step, port, argument, problem):
    made = step("PythonScriptStep", 'script="train.py"', port, train=parser(argument))
    found = whats(made)
    if problem is None:
        assert found == []
    else:
        assert any(problem in what for what in found), found


def test_a_script_that_bears_unknown_options_must_still_get_what_it_insists_on(step):
    script = parser('"--rate", type=int', '"--needed", required=True') + "p.parse_known_args()\n"
    made = step("PythonScriptStep", 'script="train.py"', "rate: Input[float]\nother: Input[int] = 1", train=script)
    assert whats(made) == [
        "made.rate: `--rate` of `train.py` is read by `int`, the port is of type number",
        "made: `train.py` insists on `--needed`, and no port is called so",
    ]


SCORE = "rows: Input[Folder]\nrate: Input[float] = 0.1\nscores: Output[File] = output()"


@pytest.mark.parametrize(
    ("arguments", "body", "problems"),
    [
        ('append_row_to="scores"', SCORE, []),
        ("", "rate: Input[int] = 1", ["made.input_data: no input can be cut into batches"]),
        ("", "a: Input[Folder]\nb: Input[File]", ["made.input_data: several inputs could be cut into batches"]),
        ('input_data="b"', "a: Input[Folder]\nb: Input[File]", []),
        ('input_data="c"', "a: Input[Folder]\nb: Input[File]", ["made.input_data: no input is called `c`"]),
        ('input_data="rate"', SCORE, ["made.input_data: `rate` cannot be cut into batches"]),
        ('append_row_to="score"', SCORE, ["made.append_row_to: no output is called `score`"]),
        ('append_row_to="rows"', SCORE, ["made.append_row_to: no output is called `rows`"]),
        (
            'append_row_to="o"',
            "rows: Input[Folder]\no: Output[Folder] = output()",
            ["made.append_row_to: `o` is of type uri_folder"],
        ),
        ("mini_batch_size=0", SCORE, ["made.mini_batch_size: not a size of a mini batch: 0"]),
        ('mini_batch_size="10kb"', SCORE, ["made.mini_batch_size: files are counted: 10kb"]),
        ('mini_batch_size="10kb"', "rows: Input[MLTable]", []),
        ("max_tries=0", SCORE, ["made.max_tries: not a whole number of 1 or more: 0"]),
        ("error_threshold=-2", SCORE, ["made.error_threshold: not a whole number of -1 or more: -2"]),
        ('logging_level="LOUD"', SCORE, ["made.logging_level: no such level: 'LOUD'"]),
        ("distribution=None", SCORE, ["made.distribution: a ParallelRunStep takes no argument `distribution`"]),
        ("retries=2", SCORE, ["made.retries: a ParallelRunStep takes no argument `retries`"]),
    ],
)
def test_the_ports_and_words_of_a_parallel_step(step, arguments, body, problems):
    assert whats(step("ParallelRunStep", ", ".join(filter(None, ('script="score.py"', arguments))), body)) == problems


@pytest.mark.parametrize(
    ("script", "problems"),
    [
        (ENTRY, []),
        ("def init(): ...\n", ["made.script: `score.py` has no function `run(mini_batch)`"]),
        ("def run(mini_batch): ...\n", ["made.script: `score.py` has no function `init()`"]),
        (ENTRY.replace("(mini_batch)", "()"), ["made.script: `run` of `score.py` is not called as `run(mini_batch)`"]),
        (ENTRY.replace("init()", "init(x)"), ["made.script: `init` of `score.py` is not called as `init()`"]),
        (ENTRY.replace("init()", "init(x=1)").replace("(mini_batch)", "(*a)"), []),
        (
            ENTRY.replace("def run", "async def run"),
            ["made.script: `run` of `score.py` is not called as `run(mini_batch)`"],
        ),
    ],
)
def test_an_entry_script_has_its_two_functions(step, script, problems):
    made = step("ParallelRunStep", 'script="score.py"', SCORE.replace("scores", "other"), score=script)
    assert whats(made) == problems


def test_an_entry_script_gets_the_other_ports_as_options(step):
    script = ENTRY + parser('"--rate", type=float', '"--rows"', '"--needed", required=True')
    made = step("ParallelRunStep", 'script="score.py", append_row_to="scores"', SCORE, score=script)
    assert whats(made) == ["made: `score.py` insists on `--needed`, and no port is called so"]
    assert inspect(made)[0].command == "--rate ${{inputs.rate}}"


def test_names_that_amlkit_needs_itself(step):
    found = whats(step("PythonScriptStep", 'script="train.py"', "amlkit_done: Output[Folder] = output()"))
    assert found == ["made.amlkit_done: names that begin with `amlkit_` are taken"]
