"""Random graphs: one definition has one digest however it is written down, and every change of it has another."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from amlkit import CommandStep, Compute, Conda, Folder, Input, Output, compile, output, pipeline, sequence
from tests.pipelines.sample.steps import digits

cpu = Compute("cpu")
SOURCES = re.compile(r"\$\{\{parent\.jobs\.([a-z0-9_]+)\.outputs\.")
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Join(
    CommandStep,
    command="join $[[${{inputs.one}}]] $[[${{inputs.two}}]] ${{inputs.number}} ${{outputs.left}} ${{outputs.right}}",
    environment=Conda("sample/environment.yaml"),
    code=None,
):
    """Two folders of up to two others."""

    one: Input[Folder] | None = None
    two: Input[Folder] | None = None
    number: Input[int] = 0
    left: Output[Folder] = output()
    right: Output[Folder] = output()


@dataclass(frozen=True)
class Use:
    """One step: its number, what feeds `one` and `two` (the number of a step, and a port), what it waits for."""

    number: int
    feeds: tuple[tuple[int, str] | None, tuple[int, str] | None]
    after: frozenset[int]
    value: int

    @property
    def needs(self) -> set[int]:
        return {feed[0] for feed in self.feeds if feed} | self.after


@st.composite
def graphs(draw) -> tuple[Use, ...]:
    uses = []
    for number in range(draw(st.integers(1, 60))):
        earlier = st.integers(0, number - 1) if number else st.nothing()
        source = st.none() | st.tuples(earlier, st.sampled_from(("left", "right")))
        after = st.frozensets(earlier, max_size=3) if number else st.just(frozenset())
        uses.append(Use(number, (draw(source), draw(source)), draw(after), draw(st.integers(0, 3))))
    return tuple(uses)


def in_some_order(uses: tuple[Use, ...], dice: random.Random) -> list[Use]:
    """Any order in which each step comes after those that it needs."""
    left, done, ordered = list(uses), set(), []
    while left:
        use = dice.choice([each for each in left if each.needs <= done])
        left.remove(use)
        done.add(use.number)
        ordered.append(use)
    return ordered


def manifest(uses: tuple[Use, ...], seed: int = 0):
    dice = random.Random(seed)

    def graph(corpus: Input[Folder] = digits) -> None:
        made, orders = {}, []
        for use in in_some_order(uses, dice):
            given = {"name": f"step_{use.number}", "number": use.value, "compute": cpu}
            given |= {
                port: getattr(made[feed[0]], feed[1])
                for port, feed in zip(("one", "two"), use.feeds, strict=True)
                if feed
            }
            if use.number == 0:
                given["one"] = corpus
            after = sorted(use.after, key=lambda _: dice.random())
            if dice.random() < 0.5:
                given["after"] = [made[number] for number in after]
            else:
                orders += [(number, use.number) for number in after]
            names = sorted(given, key=lambda _: dice.random())
            made[use.number] = Join(**{name: given[name] for name in names})
        for before, later in sorted(orders, key=lambda _: dice.random()):
            sequence(made[before], made[later])

    return compile(pipeline(graph))


def jobs(of) -> dict:
    return of.pipeline.body["componentSpec"]["jobs"]


@few
@given(graphs(), st.integers())
def test_the_order_in_which_it_is_written_does_not_count(uses, seed):
    first, second = manifest(uses), manifest(uses, seed)
    assert first.definition == second.definition
    assert jobs(first) == jobs(second)
    assert {item.slot: item.body for item in first.assets} == {item.slot: item.body for item in second.assets}


@few
@given(graphs())
def test_every_edge_is_on_the_wire_and_no_other(uses):
    found = {
        name: {match for item in job["inputs"].values() for match in SOURCES.findall(item.get("value", ""))}
        for name, job in jobs(manifest(uses)).items()
    }
    assert found == {f"step_{use.number}": {f"step_{number}" for number in use.needs} for use in uses}


@few
@given(graphs(), st.data())
def test_a_change_of_a_value_an_edge_a_port_or_an_order_changes_the_definition(uses, data):
    use = uses[data.draw(st.integers(0, len(uses) - 1), label="step")]
    kind = data.draw(st.sampled_from(("value", "edge", "port", "order")), label="kind")
    feed = use.feeds[1]
    if kind == "value":
        changed = replace(use, value=use.value + 1)
    elif kind == "port" and feed:
        changed = replace(use, feeds=(use.feeds[0], (feed[0], "left" if feed[1] == "right" else "right")))
    elif kind == "edge" and feed:
        changed = replace(use, feeds=(use.feeds[0], None))
    else:
        others = set(range(use.number)) - use.needs
        assume(others)
        changed = replace(use, after=use.after | {min(others)})
    after = tuple(changed if each.number == use.number else each for each in uses)
    assert manifest(uses).definition != manifest(after).definition
