"""What watches and keeps the platform: diagnostic settings, an alert's receivers, locks and a policy."""

import pulumi
from pulumi_azure_native import authorization, monitor, operationalinsights

POLICY = "/providers/Microsoft.Authorization/policyDefinitions/7838fd83-5cbb-4b5d-888c-bfa240972597"


class Guard(pulumi.ComponentResource):
    """One log workspace for all of it; `watch` and `lock` are called with what is to be kept an eye on."""

    def __init__(self, name: str, *, group: pulumi.Input[str], group_id: pulumi.Input[str]) -> None:
        super().__init__("teams:index:Guard", name)
        self._below = pulumi.ResourceOptions(parent=self)
        self.logs = operationalinsights.Workspace(name, resource_group_name=group, opts=self._below)
        receiver = monitor.MicrosoftCommonEmailReceiverArgs(name="team", email_address="platform@example.org")
        monitor.ActionGroup(
            name,
            resource_group_name=group,
            location="global",
            enabled=True,
            group_short_name="platform",
            email_receivers=[receiver],
            opts=self._below,
        )
        authorization.PolicyAssignment(
            name, scope=group_id, policy_definition_id=POLICY, display_name="Workspaces have a link", opts=self._below
        )

    def watch(self, name: str, target: pulumi.Input[str]) -> None:
        """Send all logs of a resource to the log workspace."""
        every = monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)
        monitor.DiagnosticSetting(
            name, resource_uri=target, workspace_id=self.logs.id, logs=[every], name="all", opts=self._below
        )

    def lock(self, name: str, target: pulumi.Input[str]) -> None:
        """Nobody deletes it by accident."""
        authorization.ManagementLockByScope(
            name, scope=target, level="CanNotDelete", notes="Ask the platform team", opts=self._below
        )
