"""The tables of the platform's guide are those of the code."""

import re
from pathlib import Path

from amlkit.infra import NEEDS, Settings
from amlkit.infra.access import ROLES
from amlkit.infra.rules import RULES

GUIDE = Path(__file__).parents[2] / "docs/platform.md"


def rules():
    for type_, found in RULES.items():
        for rule in found:
            yield f"| {type_.removeprefix('azure-native:')} | `{rule.path}` | {rule.reason} | {rule.source} |"


def roles():
    for who, needs in NEEDS.items():
        for need in needs:
            yield f"| {who} | {need.part} | {need.role} | {need.reason} |"


def test_the_guide_has_every_rule_and_every_role():
    text = GUIDE.read_text()
    assert "\n".join(rules()) in text
    assert "\n".join(roles()) in text


def test_the_guide_has_every_setting():
    first = [line.split("|")[1] for line in GUIDE.read_text().splitlines() if line.startswith("| `")]
    told = {key.strip(" `") for cell in first for key in cell.split(",")}
    fields = {field.alias or name for name, field in Settings.model_fields.items()}
    assert fields <= told, fields - told


def test_the_guide_for_azure_has_the_roles_of_who_publishes_and_of_who_calls_and_only_real_ones():
    text = (GUIDE.parent / "azure.md").read_text()
    jobs = [line for line in text.splitlines() if re.match(r"\| \w[^|]* \| [A-Z]", line)]
    for need in (*NEEDS["publisher"], *NEEDS["caller"]):
        assert any(need.role in line and need.reason in line for line in jobs), need
    named = {re.split(r", then ", line.split("|")[2].strip())[0] for line in jobs}
    named |= set(re.findall(r"\*((?:Storage|Key Vault|AzureML|Network)[A-Za-z ]+)\*", text))
    assert named
    assert named <= set(ROLES), named - set(ROLES)
