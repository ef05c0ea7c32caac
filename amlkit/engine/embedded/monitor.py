"""Pulumi's ResourceMonitor and Engine services for one run: requests in, `registrar` asked, replies out; nothing else.

`session` starts the server, `operations` attaches the run; the program's SDK and the plugins call it, each call in a
thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2

from amlkit.engine.naming import USE_CLI
from amlkit.errors import AmlkitError
from amlkit.propertyvalues import from_struct, to_struct

from .archives import hash_assets
from .gate import Stopped
from .goal import Goal, RequestError, position
from .hooks import Hook
from .protocol import CHANNEL_OPTIONS, engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc
from .registrar import Registrar
from .reporter import Reporter
from .run import Run
from .transforms import TransformError, Transforms
from .values import flatten_outputs

FEATURES: tuple[Any, ...] = (0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 14)
"""What this engine does, in the numbers of `ResourceMonitorFeature`: secrets, resource references, alias specs,
replacement triggers, deletedWith, replaceWith, transforms, invoke transforms, resource hooks, error hooks, invokes that
wait for dependencies."""
_FEATURE_IDS = frozenset(
    [
        "secrets",
        "resourceReferences",
        "aliasSpecs",
        "deletedWith",
        "replaceWith",
        "resourceHooks",
        "errorHooks",
        "transforms",
        "invokeTransforms",
    ]
)
_SEVERITIES = ("debug", "info", "warning", "error")
_RESULTS: dict[str, Any] = {"success": 0, "fail": 1, "skip": 2}
"""Numbers of the protocol's `Result`."""
_AFTER_STOP = "Resource monitor has terminated"
_SPARE_THREADS = 32
Context = grpc.ServicerContext


class Server:
    """One address for both services. Runs are attached when they are ready; until then the program must not call."""

    def __init__(
        self, reporter: Reporter, parallel: int, interceptors: list[grpc.ServerInterceptor] | None = None
    ) -> None:
        threads = ThreadPoolExecutor(max_workers=parallel * 4 + _SPARE_THREADS)
        self._server = grpc.server(threads, interceptors=interceptors, options=CHANNEL_OPTIONS)
        self._monitor = Monitor()
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self._monitor, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(Engine(reporter), self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def attach(self, run: Run, registrar: Registrar) -> None:
        """Answer registrations for this run from now on."""
        self._monitor.run, self._monitor.registrar = run, registrar
        self._monitor.transforms = Transforms(run.callbacks, registrar.seen.goals, run.program_folder, run.root)

    def close(self) -> None:
        """Answer nothing more."""
        self._server.stop(0.2).wait(2.0)


class Engine(engine_pb2_grpc.EngineServicer):
    """Log lines from the program and from plugins."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def Log(self, request: engine_pb2.LogRequest, context: Context) -> empty_pb2.Empty:  # noqa: N802  the service's name
        """Show a line. What the SDK says about our own stop is no news."""
        if _AFTER_STOP not in request.message:
            severity: Any = _SEVERITIES[min(request.severity, 3)]
            self._reporter.logged(severity, request.message.rstrip("\n"), request.urn, ephemeral=request.ephemeral)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any, context: Context) -> Any:  # noqa: N802  the service's name
        """Any version will do: what is not supported is refused where it is used."""
        return engine_pb2.RequirePulumiVersionResponse()


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """The program's registrations. Methods that are not here answer UNIMPLEMENTED, which the SDK words well."""

    run: Run
    registrar: Registrar
    transforms: Transforms

    def GetDeploymentInfo(self, request: Any, context: Context) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Who we are and what we can."""
        return resource_pb2.DeploymentInfo(
            project=self.run.project,
            stack=self.run.stack,
            organization="organization",
            dryRun=self.run.preview,
            parallel=self.run.parallel,
            supportedFeatures=FEATURES,
        )

    def SupportsFeature(self, request: Any, context: Context) -> resource_pb2.SupportsFeatureResponse:  # noqa: N802
        """The same question from older SDKs."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURE_IDS)

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest, context: Context
    ) -> resource_pb2.RegisterResourceResponse:
        """A resource that the program wants."""
        with self._answering(context):
            answer = self.registrar.register(self.transforms.goal(request))
            resource = answer.resource
            self.transforms.registered(resource.urn, request)
            return resource_pb2.RegisterResourceResponse(
                urn=resource.urn,
                id=resource.id,
                object=to_struct(resource.outputs) if resource.custom else None,
                result=_RESULTS[answer.result],
                unknown=answer.unknown,
            )
        raise AssertionError  # aborted above

    def RegisterResourceOutputs(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """Outputs of a component or the stack."""
        with self._answering(context, request.urn):
            outputs = hash_assets(flatten_outputs(from_struct(request.outputs)), self.run.program_folder)
            self.registrar.outputs.set(request.urn, outputs)
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest, context: Context
    ) -> resource_pb2.ReadResourceResponse:
        """A resource that is there and is not ours."""
        with self._answering(context):
            goal = Goal(
                type=request.type,
                name=request.name,
                custom=True,
                inputs=flatten_outputs(from_struct(request.properties)),
                parent=request.parent,
                provider=request.provider,
                version=request.version,
                dependencies=tuple(sorted(request.dependencies)),
                additional_secret_outputs=tuple(request.additionalSecretOutputs),
                source_position=position(request.sourcePosition, self.run.root),
            )
            answer = self.registrar.read(goal, request.id)
            return resource_pb2.ReadResourceResponse(
                urn=answer.resource.urn,
                properties=to_struct(answer.resource.outputs),
                id=answer.resource.id,
                result=_RESULTS[answer.result],
            )
        raise AssertionError  # aborted above

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest, context: Context
    ) -> resource_pb2.ResourceInvokeResponse:
        """A function of a provider; not called while something that it waits for is not there yet."""
        with self._answering(context):
            arguments, options = self.transforms.invoke(request, request.provider)
            if self.registrar.any_unknown(request.dependsOn):
                return resource_pb2.ResourceInvokeResponse(unknown=True)
            reference = self.registrar.provider_for(request.tok, options.version, options.provider)
            provider = self.run.registry.get(reference)
            with self.run.gate.enter():  # so that its plugin is not ended meanwhile
                answer = provider.invoke(request.tok, arguments, preview=self.run.preview)
            if answer is None:
                return resource_pb2.ResourceInvokeResponse(unknown=True)
            reply = resource_pb2.ResourceInvokeResponse(failures=answer.failures)
            getattr(reply, "return").CopyFrom(getattr(answer, "return"))
            return reply
        raise AssertionError  # aborted above

    def RegisterResourceHook(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """A function of the program that is to be called around steps."""
        with self._answering(context):
            hook = Hook(request.name, request.callback, request.on_dry_run, request.ignore_errors)
            self.run.hooks.register(hook)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """A function of the program that decides whether what failed is tried again."""
        with self._answering(context):
            self.run.hooks.register(Hook(request.name, request.callback, on_error=True))
        return empty_pb2.Empty()

    def RegisterStackTransform(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """A function of the program that changes registrations from now on."""
        self.transforms.add(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """A function of the program that changes invokes from now on."""
        self.transforms.add_for_invokes(request)
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any, context: Context) -> NoReturn:  # noqa: N802
        """Refused by name."""
        self._refuse(context, "parameterized packages")

    def Call(self, request: Any, context: Context) -> NoReturn:  # noqa: N802
        """Refused by name."""
        self._refuse(context, "methods of resources")

    def SignalAndWaitForShutdown(self, request: Any, context: Context) -> empty_pb2.Empty:  # noqa: N802
        """The program has registered all; its process must live while hooks may be called."""
        self.run.program_done.set()
        self.run.finished.wait()
        return empty_pb2.Empty()

    @contextmanager
    def _answering(self, context: Context, urn: str = "") -> Iterator[None]:
        """What goes wrong is reported once, stops the run, and ends the call as a monitor that is gone would."""
        try:
            yield
        except Stopped:
            context.abort(grpc.StatusCode.UNAVAILABLE, _AFTER_STOP)
        except RequestError as error:
            wrong = not isinstance(error, TransformError)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT if wrong else grpc.StatusCode.UNKNOWN, str(error))
        except AmlkitError as error:
            self.registrar.fail(error, urn)
            context.abort(grpc.StatusCode.UNAVAILABLE, _AFTER_STOP)
        except Exception as error:
            if context.is_active():
                self.registrar.fail(error, urn)
            raise

    def _refuse(self, context: Context, what: str) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{what} are not supported by the embedded engine; {USE_CLI}")
