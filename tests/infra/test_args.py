"""The arguments of components say what is wrong in our words, whichever way they are made."""

import pytest
from pydantic import Field

from amlkit.errors import DefinitionError
from amlkit.infra import Args, Brought, ClusterArgs, PlatformArgs


class Inner(Args):
    size: int = Field(1, ge=1)


class Outer(Args):
    name: str
    inner: Inner = Inner()


WRONG = {"nme": "a", "inner": {"size": 0, "sise": 1}}
FOUND = ["{0}.inner.sise", "{0}.inner.size", "{0}.name", "{0}.nme"]


def places(error):
    return [problem.where for problem in error.problems]


@pytest.mark.parametrize(
    ("make", "place"), [(Outer, "Outer"), (lambda **given: Outer.of("shop", **given), "shop")], ids=["class", "of"]
)
def test_all_that_is_wrong_is_told_with_whole_places_whichever_way_arguments_are_made(make, place):
    with pytest.raises(DefinitionError) as caught:
        make(**WRONG)
    assert sorted(places(caught.value)) == [each.format(place) for each in FOUND]
    assert "hint: did you mean `name`?" in str(caught.value)


def test_arguments_inside_of_others_that_are_wrong_themselves_say_their_own_class():
    with pytest.raises(DefinitionError) as caught:
        Outer(name="a", inner=Inner(size=0))
    assert places(caught.value) == ["Inner.size"]


def test_the_arguments_of_a_platform_are_refused_as_ours():
    with pytest.raises(DefinitionError) as caught:
        PlatformArgs(
            cluster=ClusterArgs(vm_size="Standard_DS3_v2"), brought={"key_vault": "kv"}, network={"isolation": ""}
        )
    assert sorted(places(caught.value)) == ["PlatformArgs.brought.key_vault", "PlatformArgs.network.isolation"]
    with pytest.raises(
        DefinitionError, match=r"^Brought\.key_vault: not the id of one of `Microsoft\.KeyVault/vaults`: kv"
    ):
        Brought(key_vault="kv")
