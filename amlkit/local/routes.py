"""The routes of every resource file, in the order in which they are matched."""

from __future__ import annotations

from starlette.routing import Route

from .resources import (
    app_insights,
    assets,
    batch_deployments,
    batch_endpoints,
    computes,
    control_reuse,
    datastores,
    identity,
    invocations,
    jobs,
    log_analytics,
    managed_identities,
    metadata,
    mlflow,
    registries,
    resource_groups,
    role_assignments,
    run_history,
    storage_accounts,
    storage_containers,
    subscriptions,
    uploads,
    vaults,
    workspaces,
)

ROUTES: tuple[Route, ...] = (
    *metadata.ROUTES,
    *identity.ROUTES,
    *control_reuse.ROUTES,
    *invocations.ROUTES,
    *run_history.ROUTES,
    *mlflow.ROUTES,
    *role_assignments.ROUTES,
    *subscriptions.ROUTES,
    *resource_groups.ROUTES,
    *storage_accounts.ROUTES,
    *storage_containers.ROUTES,
    *vaults.ROUTES,
    *app_insights.ROUTES,
    *log_analytics.ROUTES,
    *registries.ROUTES,
    *managed_identities.ROUTES,
    *workspaces.ROUTES,
    *datastores.ROUTES,
    *computes.ROUTES,
    *uploads.ROUTES,
    *assets.ROUTES,
    *batch_endpoints.ROUTES,
    *batch_deployments.ROUTES,
    *jobs.ROUTES,
)
