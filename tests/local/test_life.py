"""Starting, stopping and asking: `amlkit local`, as a user types it."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from amlkit.home import HOST, SUBSCRIPTION, UNSET, Home
from amlkit.local import process

from .conftest import StandIn, command_line


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A checkout whose stand-in ran once and does not now; every test leaves it so."""
    home = Home(tmp_path_factory.mktemp("stopped"))
    (home.root / "Pulumi.yaml").write_text("name: sample\nruntime: python\n")
    process.start(home)
    process.stop(home)
    return home


def test_start_answers_and_a_second_start_says_so(home: Home) -> None:
    first = command_line(home, "local", "start")
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert "started" in first.stderr
    again = command_line(home, "local", "start")
    assert again.returncode == 0
    assert "already running" in again.stderr
    status = command_line(home, "local", "status")
    assert status.returncode == 0
    address = home.address()
    assert address is not None
    assert address.url in status.stdout
    assert StandIn(home, address).http.get("/discovery").status_code == 200


def test_stop_ends_it_and_status_then_exits_with_1(home: Home) -> None:
    running, _ = process.start(home)
    assert command_line(home, "local", "stop").returncode == 0
    with pytest.raises(httpx.ConnectError):
        StandIn(home, running.address).http.get("/discovery")
    status = command_line(home, "local", "status")
    assert status.returncode == 1
    assert "not running" in status.stdout
    again = command_line(home, "local", "stop")
    assert again.returncode == 0
    assert "not running" in again.stderr


def test_a_restart_keeps_address_and_state(home: Home) -> None:
    running, _ = process.start(home)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/kept"
    StandIn(home, running.address).made(group, {"location": "westeurope"})
    process.stop(home)
    again, _ = process.start(home)
    assert again.address == running.address
    assert StandIn(home, again.address).arm("GET", group).json()["name"] == "kept"


def test_kill_9_loses_nothing_that_was_acknowledged(home: Home) -> None:
    running, _ = process.start(home)
    stand_in = StandIn(home, running.address)
    groups = [f"/subscriptions/{SUBSCRIPTION}/resourceGroups/kept-{number}" for number in range(5)]
    for group in groups:
        stand_in.made(group, {"location": "westeurope"})
    os.kill(running.pid, signal.SIGKILL)
    again, is_new = process.start(home)
    assert is_new
    answers = [StandIn(home, again.address).arm("GET", group).status_code for group in groups]
    assert answers == [200] * 5


def test_a_database_that_is_removed_meanwhile_is_said_and_a_restart_begins_anew(home: Home) -> None:
    running, _ = process.start(home)
    stand_in = StandIn(home, running.address)
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lost"
    stand_in.made(group, {"location": "westeurope"})
    home.database.unlink()
    for method, body in (("GET", None), ("PUT", {"location": "westeurope"})):
        refused = stand_in.arm(method, group, body)
        assert refused.status_code == 500
        assert "local.db: removed while the local Azure ML runs. Hint: `amlkit local stop`" in refused.text
    assert not home.database.exists()
    process.stop(home)
    again, _ = process.start(home)
    assert StandIn(home, again.address).arm("GET", group).status_code == 404


def test_two_starts_at_once_make_one_process(home: Home) -> None:
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: command_line(home, "local", "start"), range(2)))
    assert [each.returncode for each in both] == [0, 0], both
    said = " ".join(each.stderr for each in both)
    assert "started" in said
    assert "already running" in said


def test_two_checkouts_live_side_by_side(home: Home, stand_in: StandIn) -> None:
    running, _ = process.start(home)
    assert {running.address.port, running.address.proxy_port}.isdisjoint(
        {stand_in.address.port, stand_in.address.proxy_port}
    )


def test_a_kept_port_that_another_process_took_is_one_line_and_a_hint(stopped: Home) -> None:
    address, kept = stopped.address(), stopped.address_file.read_text()
    assert address is not None
    with socket.create_server((HOST, address.port)):
        refused = command_line(stopped, "local", "start")
    assert refused.returncode == 1
    assert f"error: another process has port {address.port}" in refused.stderr
    assert "hint:" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stopped.address_file.read_text() == kept
    assert command_line(stopped, "local", "start").returncode == 0
    assert process.stop(stopped)


def test_a_number_of_another_process_in_the_pid_file_is_not_taken_for_ours(stopped: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        stopped.pid_file.write_text(f"{stranger.pid} 2026-01-01T00:00:00Z content\n")
        assert process.status(stopped) is None
        assert process.stop(stopped) is False
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_env_prints_what_a_shell_evaluates(home: Home, stand_in: StandIn) -> None:
    never = command_line(home, "local", "env")
    assert never.returncode == 1
    assert "never started" in never.stderr
    printed = command_line(stand_in.home, "local", "env").stdout
    script = f'AZURE_TENANT_ID=x; eval "$1"; test -z "${{{UNSET[-1]}+x}}" && env'
    shell = subprocess.run(["sh", "-c", script, "sh", printed], capture_output=True, text=True, check=True)
    variables = dict(line.partition("=")[::2] for line in shell.stdout.splitlines())
    assert stand_in.home.environment(stand_in.address).items() <= variables.items()


def test_env_warns_of_variables_that_would_win_over_what_it_prints(stand_in: StandIn) -> None:
    proxy = stand_in.home.environment(stand_in.address)["HTTPS_PROXY"]
    twins = {"https_proxy": "http://proxy.test:3128", "no_proxy": "x.test", "http_proxy": "http://proxy.test:3128"}
    warned = command_line(stand_in.home, "local", "env", **twins)
    assert warned.stderr.splitlines() == [
        "warning: `https_proxy` is set here, and many clients prefer it to `HTTPS_PROXY`",
        "warning: `no_proxy` is set here, and many clients prefer it to `NO_PROXY`",
        "hint: unset https_proxy no_proxy",
    ]
    quiet = command_line(stand_in.home, "local", "env", https_proxy=proxy, no_proxy=f"localhost,{HOST}")
    assert (quiet.stderr, quiet.stdout) == ("", warned.stdout)


def test_reuse_rules_do_not_change_under_a_running_one(stand_in: StandIn) -> None:
    refused = command_line(stand_in.home, "local", "start", "--reuse", "azure")
    assert refused.returncode == 1
    assert "other reuse rules: content" in refused.stderr
    assert "hint:" in refused.stderr


def test_logs_say_where_it_serves(stand_in: StandIn) -> None:
    assert f"serving {stand_in.address.url}" in command_line(stand_in.home, "local", "logs").stdout


@pytest.mark.parametrize("broken", ["local.db", "blobs.db", "address.json", "local.json"])
def test_a_damaged_file_is_one_line_and_a_hint_and_is_left_alone(stopped: Home, broken: str) -> None:
    whole = (stopped.folder / broken).read_bytes()
    (stopped.folder / f"{broken}-wal").unlink(missing_ok=True)
    (stopped.folder / broken).write_bytes(b"not what it was " * 100)
    refused = command_line(stopped, "local", "start")
    assert refused.returncode == 1
    assert f"{broken}: damaged" in refused.stderr
    assert "hint:" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (stopped.folder / broken).read_bytes().startswith(b"not what it was")
    (stopped.folder / broken).write_bytes(whole)


def test_its_own_environment_does_not_point_at_it(home: Home) -> None:
    running, _ = process.start(home)
    process.stop(home)
    pointed = os.environ | home.environment(running.address)
    again, _ = process.start(home, environment=pointed)
    own = process_environment(again.pid)
    ours = home.environment(running.address)
    assert [name for name in ours if own.get(name) == ours[name]] == []
    assert own.get("REQUESTS_CA_BUNDLE") == os.environ.get("REQUESTS_CA_BUNDLE")


def test_the_bundle_holds_the_ambient_roots_and_our_authority(home: Home) -> None:
    roots = home.root / "roots.pem"
    roots.write_text("-----BEGIN CERTIFICATE-----\nambient\n-----END CERTIFICATE-----\n")
    process.start(home, environment=os.environ | {"REQUESTS_CA_BUNDLE": str(roots)})
    bundle = home.ca_bundle.read_text()
    assert roots.read_text() in bundle
    assert (home.ca / "ca.pem").read_text() in bundle


def test_the_certificate_stands_up_to_strict_checks_of_every_name(stand_in: StandIn) -> None:
    strict = ssl.create_default_context(cafile=stand_in.home.ca / "ca.pem")
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in (HOST, "localhost", "acct.blob.core.amlkit.test", "acct.dfs.core.amlkit.test"):
        with socket.create_connection((HOST, stand_in.address.port)) as plain:
            strict.wrap_socket(plain, server_hostname=name).close()
    with socket.create_connection((HOST, stand_in.address.port)) as plain, pytest.raises(ssl.SSLError):
        strict.wrap_socket(plain, server_hostname="management.azure.com")


def test_keys_are_for_their_owner_only(stand_in: StandIn) -> None:
    assert stand_in.home.ca.stat().st_mode & 0o077 == 0
    keys = [stand_in.home.ca / name for name in ("server.key", "tokens.pem")] + [stand_in.home.address_file]
    assert [path.name for path in keys if path.stat().st_mode & 0o077] == []


def process_environment(pid: int) -> dict[str, str]:
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if entry)
