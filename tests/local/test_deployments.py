"""Deployments of ARM templates, over HTTP: order, conditions, expressions, and what is refused by name."""

import uuid
from typing import Any

import pytest

from .conftest import StandIn, error_of

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


def resource(name: str, **more: Any) -> dict[str, Any]:
    fixed = {"type": IDENTITY, "apiVersion": "2023-01-31", "name": name, "location": "[resourceGroup().location]"}
    return fixed | more


def deploy(stand_in: StandIn, group: str, template: Any, **parameters: Any) -> Any:
    path = f"{group}/providers/Microsoft.Resources/deployments/d-{uuid.uuid4().hex[:8]}"
    given = {name: {"value": value} for name, value in parameters.items()}
    return stand_in.arm("PUT", path, {"properties": {"mode": "Incremental", "template": template, "parameters": given}})


def test_resources_are_put_in_order_with_expressions_evaluated(stand_in: StandIn, group: str) -> None:
    template = {
        "parameters": {"stage": {"type": "string"}, "extra": {"type": "bool", "defaultValue": False}},
        "variables": {"first": "[concat('id-', toLower(parameters('stage')))]", "path": "[resourceId('x.y/z', 'n')]"},
        "resources": [
            resource(
                "second-id",
                tags={"of": f"[reference(resourceId('{IDENTITY}', variables('first'))).principalId]"},
                dependsOn=[f"[resourceId('{IDENTITY}', variables('first'))]"],
            ),
            resource("[variables('first')]", tags={"z": "[variables('path')]", "kept": "[[not an expression]"}),
            resource("never-id", condition="[and(parameters('extra'), equals(1, 1))]"),
        ],
    }
    answer = deploy(stand_in, group, template, stage="DEV")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["properties"]["provisioningState"] == "Succeeded"
    ids = [each["id"].rpartition("/")[2] for each in made["properties"]["outputResources"]]
    assert ids == ["id-dev", "second-id"]
    first = stand_in.arm("GET", f"{group}/providers/{IDENTITY}/id-dev").json()
    second = stand_in.arm("GET", f"{group}/providers/{IDENTITY}/second-id").json()
    assert second["tags"] == {"of": first["properties"]["principalId"]}
    assert first["tags"] == {"z": f"{group}/providers/x.y/z/n", "kept": "[not an expression]"}
    assert stand_in.arm("GET", f"{group}/providers/{IDENTITY}/never-id").status_code == 404
    operations = stand_in.arm("GET", f"{made['id']}/operations").json()["value"]
    assert [each["properties"]["targetResource"]["resourceName"] for each in operations] == ids


CIRCLE = [resource("one-id", dependsOn=["two-id"]), resource("two-id", dependsOn=["one-id"])]
REFUSED: list[tuple[Any, int, str]] = [
    ({"resources": CIRCLE}, 400, "InvalidTemplateDeployment"),
    ({"parameters": {"a": {}}, "resources": []}, 400, "InvalidTemplateDeployment"),
    ({"resources": [resource("x")]}, 400, "InvalidTemplateDeployment"),
    ({"resources": [resource("[concat('a'")]}, 400, "InvalidTemplateDeployment"),
    ({"resources": [resource("[variables('none')]")]}, 400, "InvalidTemplateDeployment"),
    ({"variables": {"a": "[variables('a')]"}, "resources": [resource("[variables('a')]")]}, 400, "Invalid"),
    ({"resources": [resource("a/b")]}, 400, "InvalidTemplateDeployment"),
    ({"resources": [resource("[first('abc')]")]}, 501, "NotImplemented"),
    ({"resources": [resource("one-id", copy={})]}, 501, "NotImplemented"),
    ({"resources": ["x"]}, 501, "NotImplemented"),
    ({"resources": [resource("x", type="Microsoft.Bogus/things")]}, 501, "NotImplemented"),
    (None, 501, "NotImplemented"),
]


@pytest.mark.parametrize(("template", "status", "code"), REFUSED, ids=str)
def test_a_template_that_cannot_be_deployed_is_refused(
    stand_in: StandIn, group: str, template: Any, status: int, code: str
) -> None:
    answered, said = error_of(deploy(stand_in, group, template))
    assert answered == status
    assert said.startswith(code)
