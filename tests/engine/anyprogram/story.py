"""Draws stories: versions of a program, and what is run in which order with which fault.

Everything is made of small integers, so that what fails shrinks to few resources without edges and faults.
"""

from dataclasses import dataclass, fields, replace

from hypothesis import strategies as st

from .cloud import Fault

MOST = 40
MODES = ("error", "error", "kill", "kill", "interrupt", "partial", "die")
VERBS = (
    *("up", "up", "up", "up", "up --refresh", "refresh", "preview", "destroy"),
    *("up --continue-on-error", "up --refresh --run-program", "refresh --run-program"),
    *("destroy --continue-on-error", "destroy --run-program"),
)
EDGES = ("needs", "bound", "after", "within", "along")


def short(record):
    """A record by what is not as usual in it."""
    told = [
        repr(getattr(record, each.name))
        if each.name in ("name", "verb", "version")
        else f"{each.name}={getattr(record, each.name)!r}"
        for each in fields(record)
        if getattr(record, each.name) != each.default
    ]
    return f"{type(record).__name__}({', '.join(told)})"


@dataclass(frozen=True, repr=False)
class Spec:
    """A resource of a program; edges are names of earlier ones.

    `within`: it goes with that one (`deleted_with`), one at most. `along`: it is replaced when they are
    (`replace_with`). `was`: (type with those of its parents, name) under which it was registered before. Providers are
    made of their names; their zone is that of the first resource.
    """

    name: str
    group: bool = False
    text: str = "a"
    zone: int = 0
    slot: int | None = None
    named: bool = False
    secret: bool = False
    delete_first: bool = False
    parent: str = ""
    needs: tuple = ()
    bound: tuple = ()
    after: tuple = ()
    within: tuple = ()
    along: tuple = ()
    provider: str = ""
    was: tuple = ()

    __repr__ = short

    @property
    def rough(self):
        return self.slot is not None or self.named or self.delete_first


@dataclass(frozen=True, repr=False)
class Run:
    """One command. `kill_at`: the state write before which the engine dies; `stop_at`: where the program ends."""

    verb: str
    version: int
    fault: Fault | None = None
    kill_at: int = 0
    stop_at: int = -1
    stop: str = "raise"
    parallel: int = 1
    vanish: int = -1
    """Which thing is taken away before it, counted through what is there; -1: none."""

    __repr__ = short


@dataclass(frozen=True)
class Story:
    versions: tuple
    runs: tuple


def attributes(spec, bits):
    """A spec whose properties are the bits of a number."""
    return replace(
        spec,
        group=bits % 16 == 15,
        text="ab"[bits >> 4 & 1],
        zone=bits >> 5 & 1,
        slot=(bits >> 7 & 1) if bits >> 6 & 1 else None,
        named=bits >> 8 & 3 == 3,
        secret=bits >> 10 & 3 == 3,
        delete_first=bits >> 12 & 3 == 3,
        provider="" if bits >> 8 & 3 == 3 else ("", "", "", "", "", "p0", "p0", "p1")[bits >> 14 & 7],
    )


def linked(spec, edges, before):
    """A spec with edges to some of those before it; a group has a parent only."""
    things = [each.name for each in before if not each.group]
    found = {kind: set() for kind in EDGES}
    for kind, number in edges:
        if kind < len(EDGES) and things and not spec.group:
            found[EDGES[kind]].add(things[-1 - number % len(things)])
        elif kind == len(EDGES) and before and not spec.named:
            spec = replace(spec, parent=before[-1 - number % len(before)].name)
    return replace(spec, **{kind: tuple(sorted(names)) for kind, names in found.items()})


def sound(version):
    """Edges to what is not there (any more) before a resource are dropped; what its parent goes with is inherited."""
    things, within, kept = set(), {"": ()}, []
    for spec in version:
        edges = {kind: tuple(name for name in getattr(spec, kind) if name in things) for kind in EDGES}
        parent = spec.parent if spec.parent in within and not spec.named else ""
        within[spec.name] = edges["within"] = edges["within"][:1] or within[parent]
        if spec.named:
            edges["along"] = ()  # a replacement that the provider was not asked for has the same name
        if spec.group:
            edges = dict.fromkeys(EDGES, ())
            within[spec.name] = within[parent]
        kept.append(replace(spec, parent=parent, **edges))
        if not spec.group:
            things.add(spec.name)
    return tuple(kept)


def chain(version, spec):
    """Its type with those of its parents, as its URN has it."""
    type_ = f"toy:index:{'Group' if spec.group else 'Thing'}"
    parent = next((each for each in version if each.name == spec.parent), None)
    return f"{chain(version, parent)}${type_}" if parent else type_


def moved(version, place, name, parent):
    """The version with a resource under another name or parent, and an alias for it; references follow."""
    spec = version[place]
    before = (chain(version, spec), spec.name)
    after = [followed(each, spec.name, name) for each in version]
    after[place] = replace(spec, name=name, parent=parent, was=(*spec.was, before))
    return after


def followed(spec, old, new):
    """A spec whose references to one name are to another."""
    edges = {kind: tuple(sorted(new if each == old else each for each in getattr(spec, kind))) for kind in EDGES}
    return replace(spec, parent=new if spec.parent == old else spec.parent, **edges)


BITS = st.integers(0, 2**17 - 1)
LINKS = st.lists(st.tuples(st.integers(0, len(EDGES)), st.integers(0, MOST)), max_size=3)


@st.composite
def versions(draw):
    drawn = draw(st.lists(st.tuples(BITS, LINKS), min_size=1, max_size=MOST))
    first = []
    for number, (bits, edges) in enumerate(drawn):
        first.append(linked(attributes(Spec(f"n{number}"), bits), edges, first))
    found = [sound(first)]
    for _ in range(draw(st.integers(0, 2))):
        found.append(draw(changed(found[-1])))
    return tuple(found)


@st.composite
def changed(draw, version):
    """Another version: some resources differ, go, come, move to the front, or get another name, parent or provider."""
    after = list(version)
    for kind, number, bits, edges in draw(
        st.lists(st.tuples(st.integers(0, 8), st.integers(0, MOST), BITS, LINKS), min_size=1, max_size=6)
    ):
        if not after:
            break
        place = number % len(after)
        spec = after[place]
        if kind == 0:
            after[place] = replace(spec, text="b" if spec.text == "a" else "a")
        elif kind == 1:
            after[place] = replace(spec, zone=1 - spec.zone, slot=None if spec.slot is None else 1 - spec.slot)
        elif kind == 2:
            del after[place]
        elif kind == 3:
            after[place] = linked(attributes(spec, bits), edges, after[:place])
        elif kind == 4:
            after.insert(0, after.pop(place))
        elif kind == 5 and spec.name.startswith("n"):
            after = moved(after, place, f"m{spec.name[1:]}", spec.parent)
        elif kind == 6 and not spec.named:
            parents = ["", *(each.name for each in after[:place])]
            after = moved(after, place, spec.name, parents[bits % len(parents)])
        elif kind == 7 and not spec.named:
            after[place] = replace(spec, provider=("", "p0", "p1")[bits % 3])
        elif len(after) < MOST:
            used = {name for one in after for name in (one.name, *(name for _, name in one.was))}
            fresh = next(f"n{each}" for each in range(2 * MOST) if f"n{each}" not in used)
            after.insert(place, linked(attributes(Spec(fresh), bits), edges, after[:place]))
    return sound(after)


@st.composite
def runs(draw, count):
    """One command of a story with `count` versions."""
    run = Run(
        verb=draw(st.sampled_from(VERBS)),
        version=draw(st.integers(0, count - 1)),
        parallel=draw(st.sampled_from((1, 4, 16))),
        vanish=draw(st.sampled_from((-1, -1, -1, 0, 1, 2))),
    )
    ill = draw(st.integers(0, 3))
    if ill == 1:
        method = draw(st.sampled_from(("Create", "Create", "Update", "Delete", "Delete", "Diff", "Check", "Read")))
        mode = draw(st.sampled_from(MODES))
        if mode == "partial" and method != "Create":
            mode = "kill"
        before = draw(st.booleans())
        if mode == "error" and method in ("Create", "Delete"):
            before = True  # what was made, or is gone, without a word of it cannot be known
        if mode == "partial":
            before = False
        return replace(run, fault=Fault(method, draw(st.integers(1, 8)), before, mode))
    if ill == 2:
        return replace(run, kill_at=draw(st.integers(1, 60)))
    if ill == 3:
        return replace(run, stop_at=draw(st.integers(0, 12)), stop=draw(st.sampled_from(("raise", "kill"))))
    return run


@st.composite
def stories(draw):
    plans = draw(versions())
    return Story(plans, tuple(draw(st.lists(runs(len(plans)), min_size=1, max_size=5))))
