"""What is said about sweeps: the words of `sweep(…)`, values to search, and how they fit the step."""

from __future__ import annotations

import re

import pytest

from amlkit import CommandStep, Curated, Folder, Input, Output, output, search, sweep
from amlkit.components.kinds import sweep as sweeping
from amlkit.components.step import call_of
from amlkit.components.sweeps import Space
from amlkit.errors import DefinitionError


class Train(
    CommandStep,
    command="${{inputs.data}} ${{inputs.rate}} ${{inputs.depth}} ${{inputs.kind}} ${{outputs.model}}",
    environment=Curated("sklearn-1.5"),
):
    data: Input[Folder]
    rate: Input[float] = 0.1
    depth: Input[int] = 3
    kind: Input[str] = "a"
    model: Output[Folder] = output()


DATA = Folder("azureml:data:1")
HOW = {"metric": "accuracy", "goal": "maximize", "max_total_trials": 4}


def problems(given: dict, **how) -> list[str]:
    call = call_of(sweep(Train(**{"data": DATA, **given}), **{**HOW, **how}))
    return [
        f"{item.where}: {item.what}"
        for item in sweeping.problems_of(call.definition, call.sweep, call.given, "p.train")
    ]


@pytest.mark.parametrize("values", ["abc", b"ab", {"a": 1}, iter([1, 2]), range(10**9)])
def test_a_choice_is_a_list_that_ends(values):
    with pytest.raises(DefinitionError, match=r"it takes a list of values, not|more than 1000 values: 1000000000"):
        search.choice(values)


def test_a_sweep_is_the_step_and_its_outputs_are_those_of_the_best_trial():
    step = Train(data=DATA, rate=search.uniform(0.1, 0.5))
    swept = sweep(step, **HOW)
    assert swept is step
    assert swept.model.owner is step
    assert call_of(swept).sweep.metric == "accuracy"


@pytest.mark.parametrize(
    ("space", "body"),
    [
        (search.choice([1, 2]), {"type": "choice", "values": [1, 2]}),
        (search.uniform(0.1, 0.5), {"type": "uniform", "min_value": 0.1, "max_value": 0.5}),
        (search.loguniform(-6, -1), {"type": "loguniform", "min_value": -6, "max_value": -1}),
        (search.quniform(1, 9, 2), {"type": "quniform", "min_value": 1, "max_value": 9, "q": 2}),
        (search.qloguniform(1, 9, 2), {"type": "qloguniform", "min_value": 1, "max_value": 9, "q": 2}),
        (search.normal(0, 1), {"type": "normal", "mu": 0, "sigma": 1}),
        (search.qnormal(0, 1, 2), {"type": "qnormal", "mu": 0, "sigma": 1, "q": 2}),
        (search.lognormal(0, 1), {"type": "lognormal", "mu": 0, "sigma": 1}),
        (search.qlognormal(0, 1, 2), {"type": "qlognormal", "mu": 0, "sigma": 1, "q": 2}),
        (search.randint(7), {"type": "randint", "upper": 7}),
    ],
)
def test_every_word_of_search_is_azure_ai_mls(space, body):
    from azure.ai.ml import sweep as sdk

    kinds = {kind.__name__.lower(): kind for kind in vars(sdk).values() if isinstance(kind, type)}
    theirs = kinds[body["type"]](**{name: value for name, value in body.items() if name != "type"})
    assert space.body() == body == {name: value for name, value in vars(theirs).items() if value is not None}


@pytest.mark.parametrize(
    ("given", "how", "problem"),
    [
        ({"rate": search.uniform(0.1, 0.5)}, {}, None),
        ({"rate": search.choice([1, 0.5]), "depth": search.randint(5)}, {"sampling": "random", "seed": 1}, None),
        ({"kind": search.choice(["a", "b"])}, {"sampling": "grid"}, None),
        ({}, {}, "p.train: the sweep searches no value"),
        ({"rate": search.uniform(0, 1)}, {"metric": " "}, "p.train.metric: no metric to judge the trials by"),
        (
            {"rate": search.uniform(0, 1)},
            {"max_concurrent_trials": 5},
            "p.train.max_concurrent_trials: 5 trials at once of 4 in all",
        ),
        ({"rate": search.uniform(0, 1)}, {"sampling": "grid"}, "p.train.rate: grid sampling takes no `uniform`"),
        ({"rate": search.normal(0, 1)}, {"sampling": "bayesian"}, "p.train.rate: bayesian sampling takes no `normal`"),
        (
            {"rate": search.uniform(0, 1)},
            {"sampling": "bayesian", "early_termination": search.MedianStopping()},
            "p.train.early_termination: bayesian sampling ends no trial early",
        ),
        (
            {"kind": search.choice(["a"])},
            {"sampling": "grid", "seed": 3},
            "p.train.seed: grid sampling takes no seed",
        ),
        ({"data": search.choice(["a"])}, {}, "p.train.data: data is not searched: the input is of type uri_folder"),
        ({"kind": search.uniform(0, 1)}, {}, "p.train.kind: `uniform` gives numbers, the input is of type string"),
        ({"depth": search.uniform(0, 1)}, {}, "p.train.depth: `uniform` gives numbers, the input is of type integer"),
        (
            {"depth": search.choice([1, 1.5])},
            {},
            "p.train.depth: a value of the wrong type for an input of type integer: 1.5",
        ),
        ({"depth": search.choice([])}, {}, "p.train.depth: nothing to choose from"),
        ({"rate": search.uniform(1, 0)}, {}, "p.train.rate: min_value is not below max_value: 1, 0"),
        ({"rate": search.uniform(0, float("inf"))}, {}, "p.train.rate: not a finite number: max_value"),
        ({"rate": search.normal(0, 0)}, {}, "p.train.rate: sigma is not above 0: 0"),
        ({"rate": search.quniform(0, 1, 0)}, {}, "p.train.rate: q is not above 0: 0"),
        ({"depth": search.randint(0)}, {}, "p.train.depth: upper is not above 0: 0"),
        (
            {"rate": search.uniform(0, 1)},
            {"early_termination": search.Bandit()},
            "p.train.early_termination: one of slack_factor and slack_amount is above 0",
        ),
        (
            {"rate": search.uniform(0, 1)},
            {"early_termination": search.TruncationSelection(100)},
            "p.train.early_termination: truncation_percentage is from 1 to 99: 100",
        ),
        (
            {"rate": search.uniform(0, 1)},
            {"early_termination": search.MedianStopping(evaluation_interval=0)},
            "p.train.early_termination: evaluation_interval is 1 or more, delay_evaluation 0 or more",
        ),
        (
            {"rate": search.uniform(0, 1)},
            {"timeout": 10, "trial_timeout": 20},
            "p.train.trial_timeout: a trial may take longer than the whole sweep",
        ),
    ],
)
def test_what_is_wrong_with_a_sweep(given, how, problem):
    assert problems(given, **how) == ([problem] if problem else [])


def test_a_value_is_searched_in_a_sweep_only():
    call = call_of(Train(data=DATA, rate=search.uniform(0, 1)))
    found = list(sweeping.problems_of(call.definition, call.sweep, call.given, "p.train"))
    assert [item.what for item in found] == ["a value is searched, and the step is not swept"]
    assert isinstance(call.given["rate"], Space)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"goal": "best"}, "no such thing: 'best'"),
        ({"sampling": "all"}, "no such thing: 'all'"),
        ({"max_total_trials": 0}, "not a whole number of 1 or more: 0"),
        ({"timeout": -1}, "not a time above 0: -1"),
        ({"seed": "a"}, "not a whole number of 0 or more: 'a'"),
    ],
)
def test_an_argument_that_makes_no_sense_by_itself(how, what):
    with pytest.raises(DefinitionError, match=re.escape(what)):
        sweep(Train(data=DATA, rate=search.uniform(0, 1)), **{**HOW, **how})


def test_a_class_is_not_swept():
    with pytest.raises(DefinitionError, match="is no step") as caught:
        sweep(Train, **HOW)
    assert caught.value.problems[0].hint == "call the class: `sweep(Train(…), …)`"


def test_what_decides_the_trials_is_in_the_form_and_how_many_at_once_is_not():
    def form(**how):
        return sweeping.form(call_of(sweep(Train(data=DATA, rate=search.uniform(0, 1)), **{**HOW, **how})).sweep)

    assert form() == form(max_concurrent_trials=2)
    assert form() != form(seed=1)
    assert form() != form(early_termination=search.Bandit(slack_factor=0.1))


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (search.Bandit(slack_factor=None), "not a finite number: slack_factor"),
        (search.Bandit(slack_factor=float("nan")), "not a finite number: slack_factor"),
        (search.Bandit(slack_factor=0.1, evaluation_interval="2"), "not a finite number: evaluation_interval"),
        (search.Bandit(slack_factor=1, slack_amount=-1), "slack_factor and slack_amount are not below 0"),
        (search.MedianStopping(delay_evaluation=1.5), "not a whole number: delay_evaluation"),
        (search.TruncationSelection("9"), "not a finite number: truncation_percentage"),
    ],
)
def test_a_rule_for_giving_up_of_wrong_values_is_a_problem(policy, said):
    given = {"rate": search.uniform(0.1, 0.5)}
    assert problems(given, early_termination=policy) == [f"p.train.early_termination: {said}"]


def test_a_number_that_no_float_can_hold_is_a_problem():
    assert problems({"rate": search.uniform(0.1, 10**400)}) == ["p.train.rate: not a finite number: max_value"]
    assert problems({"depth": search.randint(2.5)}) == ["p.train.depth: upper is not a whole number: 2.5"]
