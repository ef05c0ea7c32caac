"""Processes at the price of a fork: engines, programs and plugins start from one that has imported what they need.

    python -m tests.warm SOCKET SALT [MODULE...]

A client connects, sends `{"kind": "engine" | "program" | "plugin", "arguments", "cwd", "environ", "kill_at",
"watched"}` with file descriptors (standard output, standard error, for a program its lifeline), and is told the pid and
later the exit code. A plugin's first argument is its file or module. A client that goes away takes its process with it.
`kill_at`: the engine kills itself before the n-th time that it is about to change something below `watched`, its state.
Every fork is a whole process: nothing is shared afterwards.
"""

import functools
import gc
import hashlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from importlib import import_module, util
from pathlib import Path

SALT = (Path(__file__).resolve().parents[1] / "Pulumi.local.yaml").read_text().split("encryptionsalt: ")[1].split()[0]
"""Of the empty passphrase. Stacks that are made by tests share it: a key takes a third of a second."""
PRELOADED = (
    "amlkit.engine.cli",
    "amlkit.engine.display.appending",
    "amlkit.engine.display.plain",
    "amlkit.engine.embedded.operations",
    "cryptography.hazmat.primitives.ciphers.aead",
    "grpc._channel",
    "grpc._interceptor",
    "grpc._server",
)
CHILD = Path(util.find_spec("amlkit.engine").origin).parent / "embedded/child.py"
ROOT = Path(__file__).resolve().parents[1]
ENGINE = "WARM_ENGINE"
"""The variable that tells a program which process its engine is: their processes are no kin."""
CLIENT = """#!{python} -IS
import array, json, os, signal, socket, sys
parent = os.getppid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
lifeline = [json.loads(sys.argv[-1])["lifeline"]] if "{kind}" == "program" else []
request = dict(kind="{kind}", arguments=[*{first}, *sys.argv[1:]], cwd=os.getcwd(), environ=dict(os.environ))
server = socket.socket(socket.AF_UNIX)
server.connect(os.environ["WARM"])
text = json.dumps(request).encode() + b"\\n"
descriptors = array.array("i", [1, 2, *lifeline])
sent = server.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
server.sendall(text[sent:])
for each in (1, *lifeline):
    os.close(each)
server.settimeout(1)
text, more = b"", b" "
while more:
    try:
        more = server.recv(64)
        text += more
    except TimeoutError:
        if os.getppid() != parent:  # it was killed
            os._exit(137)
said = text.split()
os._exit(int(said[1]) if len(said) > 1 and int(said[1]) >= 0 else 137)
"""


class Warm:
    """The server's handle in a test process."""

    def __init__(self, folder, salt, modules=()):
        """`salt` of the empty passphrase; `modules` are imported beside those that every program needs."""
        self.address = str(folder / "warm")
        self._process = subprocess.Popen([sys.executable, "-m", "tests.warm", self.address, salt, *modules], cwd=ROOT)
        while not Path(self.address).exists():
            assert self._process.poll() is None, "it does not start"
            time.sleep(0.01)

    def close(self):
        self._process.kill()
        self._process.wait()

    def install_program(self, file):
        """A Python that hands programs to the server."""
        self._install("program", file)

    def install_plugin(self, file, what):
        """A plugin, started by the server: `what` is its file or the name of its module."""
        self._install("plugin", file, str(what))

    @staticmethod
    def _install(kind, file, *first):
        file.write_text(CLIENT.format(python=sys.executable, kind=kind, first=list(first)))
        file.chmod(0o755)

    def engine(self, arguments, cwd, environ, output, errors=None, kill_at=0, watched=""):
        """Start an engine that prints into the files `output` and `errors` (or both into the first)."""
        request = {"kind": "engine", "arguments": arguments, "cwd": str(cwd), "environ": environ}
        request |= {"kill_at": kill_at, "watched": str(watched)}
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.address)
        socket.send_fds(
            connection, [json.dumps(request).encode() + b"\n"], [output.fileno(), (errors or output).fileno()]
        )
        return Running(connection)


class Running:
    """An engine that runs: its pid, and its exit code when it has ended (negative: the signal)."""

    def __init__(self, connection):
        self._connection = connection
        self._file = connection.makefile()
        self.pid = int(self._file.readline())

    def wait(self, seconds):
        self._connection.settimeout(seconds)
        try:
            return int(self._file.readline())
        finally:
            self._connection.close()


def serve(address, salt, *modules):
    """Fork for ever; ends with its parent."""
    preload(modules)
    warm_key(salt)
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(address + ".new")
    server.listen(64)
    Path(address + ".new").rename(address)
    server.settimeout(1.0)
    while os.getppid() == parent:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            handle(connection)
        connection.close()


def preload(modules):
    """All that engines and programs import; and no engine derives the one key again: it takes a third of a second."""
    import_module("pulumi.runtime")  # first: `amlkit` imports parts of it without the whole
    for name in (*PRELOADED, *modules):
        getattr(import_module(name), "__all__", None)  # a lazy module loads when it is looked at
    hashlib.pbkdf2_hmac = functools.lru_cache(hashlib.pbkdf2_hmac)
    gc.freeze()


def warm_key(salt):
    """Have the key of the empty passphrase and this salt ready."""
    from amlkit.engine.embedded.secrets import Passphrase

    Passphrase(salt, "").check()


def handle(connection):
    """Start one process, tell of it, and watch it and its client."""
    text, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not text.endswith(b"\n"):
        more = connection.recv(1 << 20)
        if not more:  # the client was killed meanwhile
            os._exit(0)
        text += more
    request = json.loads(text)
    pid = os.fork()
    if pid == 0:
        connection.close()
        work(request, descriptors)
    for each in descriptors:
        os.close(each)
    connection.sendall(f"{pid}\n".encode())
    watched = os.pidfd_open(pid)
    ready, _, _ = select.select([watched, connection], [], [])
    if watched not in ready:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        connection.sendall(f"{code}\n".encode())
    finally:
        os._exit(0)


def work(request, descriptors):
    """Become an engine, a program or a plugin."""
    code = 1
    try:
        os.setsid()
        os.dup2(descriptors[0], 1)
        os.dup2(descriptors[1], 2)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)
        os.environ.clear()
        os.environ.update(request["environ"])
        os.chdir(request["cwd"])
        code = WORK[request["kind"]](request, *descriptors[2:])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def engine(request):
    from amlkit.engine import cli

    if request["kill_at"]:
        sys.addaudithook(killer(request["kill_at"], request["watched"]))
    environ = request["environ"] | {ENGINE: str(os.getpid())}
    return cli.main(request["arguments"], cwd=Path(request["cwd"]), environ=environ)


def program(request, lifeline):
    order = json.loads(request["arguments"][-1])
    sys.argv = [str(CHILD), json.dumps({**order, "lifeline": lifeline})]
    sys.path[:0] = [request["cwd"]]
    runpy.run_path(str(CHILD), run_name="__main__")


def plugin(request):
    what, *arguments = request["arguments"]
    sys.argv = [what, *arguments]
    (runpy.run_path if os.sep in what else runpy.run_module)(what, run_name="__main__")


WORK = {"engine": engine, "program": program, "plugin": plugin}


def killer(turn, watched):
    """An audit hook that ends the process instead of the n-th change of a file below a folder."""
    left = turn
    lock = threading.Lock()

    def hook(event, arguments):
        nonlocal left
        if event not in ("open", "os.rename", "os.link", "os.remove"):
            return
        path = arguments[0]
        if not isinstance(path, str | Path) or not str(path).startswith(watched):
            return
        if event == "open" and arguments[1] in ("r", "rb"):
            return
        with lock:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


if __name__ == "__main__":
    serve(*sys.argv[1:])
