"""A state for the tests of this folder: components, custom resources, every option that is stored."""

from amlkit.engine.embedded.resource import Deployment, Pending, Resource
from amlkit.engine.embedded.urns import default_provider_name, provider_reference, stack_urn, urn
from amlkit.propertyvalues import ASSET, SIGNATURE, secret

PROJECT, STACK = "try", "dev"
FQN = f"organization/{PROJECT}/{STACK}"
ROOT = stack_urn(STACK, PROJECT)
PROVIDER = urn(STACK, PROJECT, "", "pulumi:providers:toy", default_provider_name("1.0.0"))
REFERENCE = provider_reference(PROVIDER, "66be2b28-5edc-4954-9a88-7f1299b962f5")
GROUP = urn(STACK, PROJECT, ROOT, "toy:index:Group", "g")
INSIDE = urn(STACK, PROJECT, GROUP, "toy:index:Thing", "inside")
THING = urn(STACK, PROJECT, ROOT, "toy:index:Thing", "b")
MOMENT = "2026-11-22T14:35:36.764968536Z"


def deployment(password: str = "s3cret") -> Deployment:
    """A sound state with two secrets of equal text."""
    inputs = {
        "pw": secret(password),
        "deep": {"list": [1, None, {"x": 1.5}], "flag": True, "own": secret({"k": ["v"]})},
        "text": {SIGNATURE: ASSET, "hash": "8f434346", "text": "hi"},
        "unicode": "ünï <&>",
    }
    return Deployment(
        resources=(
            Resource(ROOT, "pulumi:pulumi:Stack", outputs={"b": "id-b", "pw": secret(password)}, created=MOMENT),
            Resource(
                PROVIDER,
                "pulumi:providers:toy",
                custom=True,
                id="66be2b28-5edc-4954-9a88-7f1299b962f5",
                inputs={"__internal": {}, "version": "1.0.0"},
                outputs={"version": "1.0.0"},
            ),
            Resource(GROUP, "toy:index:Group", parent=ROOT),
            Resource(INSIDE, "toy:index:Thing", custom=True, id="id-inside", parent=GROUP, provider=REFERENCE),
            Resource(
                THING,
                "toy:index:Thing",
                custom=True,
                id="id-b",
                inputs=inputs,
                outputs=inputs,
                parent=ROOT,
                protect=True,
                dependencies=(INSIDE,),
                init_errors=("slow",),
                provider=REFERENCE,
                property_dependencies={"deep": (INSIDE,), "pw": ()},
                additional_secret_outputs=("hid",),
                custom_timeouts={"create": 300, "update": 90},
                import_id="id-b",
                retain_on_delete=True,
                deleted_with=GROUP,
                created=MOMENT,
                modified=MOMENT,
                source_position="project:///__main__.py#13",
                ignore_changes=("zzz",),
                replace_on_changes=("rr",),
            ),
        ),
        pending=(Pending(Resource(f"{ROOT}x", "toy:index:Thing", custom=True, provider=REFERENCE), "creating"),),
    )
