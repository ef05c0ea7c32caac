"""The stories of blobs: the stand-in answers as Azurite did when it was recorded, but where they say why not."""

import pytest

from .clients import Account
from .stories import Story, differences, stories
from .stories.__main__ import server_of


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_blobs_answer_as_in_the_story(flat: Account, story: Story) -> None:
    found = [
        f"{wanted['do']}: {line}"
        for wanted, answer in zip(story.expected(), story.tell(server_of(flat)), strict=True)
        for line in differences(wanted, answer)
    ]
    assert found == []


def test_every_difference_has_a_reason() -> None:
    for story in stories():
        for step in story.steps:
            assert "differs" not in step or len(step["differs"]["why"]) > 20, f"{story.name}: {step['do']}"
