"""Starts what serves the corpus on loopback: nginx, or the benchmark's own site; HTTP, HTTPS and the failing one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trustme

from bench.errors import BenchError
from bench.site import ROBOTS
from local.processes import free_port, port_answers, spawn, wait_until

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
"""Several hosts to a crawler, all of them this machine's loopback interface (on Linux)."""

_OWN_PROCESSES = 2
_START_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Servers:
    """What is running: the ports (the same on every host), the CA's certificate, and what the server is."""

    http: int
    https: int
    failing: int
    ca_file: Path
    software: str

    @property
    def allow(self) -> str:
        """The exceptions for the builder's address guard: exactly these servers."""
        return ",".join(f"{host}:{port}" for host in HOSTS for port in (self.http, self.https, self.failing))


@contextmanager
def serving(root: Path, work: Path) -> Iterator[Servers]:
    """Serve the files below `root` until the context ends. Configuration, certificates and logs go to `work`.

    Raises BenchError when a server does not come up.
    """
    work.mkdir(parents=True, exist_ok=True)
    ca_file, certificate = _certificates(work)
    http, https, failing = _free_ports()
    own = [
        sys.executable,
        "-m",
        "bench.site",
        "--root",
        str(root),
        *(part for host in HOSTS for part in ("--host", host)),
    ]
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    commands = [[*own, "--port", str(failing)]] * _OWN_PROCESSES
    if nginx is not None:
        configuration = work / "nginx.conf"
        configuration.write_text(_nginx_configuration(root.resolve(), work.resolve(), certificate, http, https))
        commands.append([nginx, "-c", str(configuration.resolve()), "-e", str(work.resolve() / "nginx-error.log")])
        software = _nginx_version(nginx)
    else:
        plain = [*own, "--port", str(http)]
        encrypted = [*own, "--port", str(https), "--certificate", str(certificate)]
        commands += [plain] * _OWN_PROCESSES + [encrypted] * _OWN_PROCESSES
        software = f"bench.site, {_OWN_PROCESSES} processes per port"
    with ExitStack() as stack:
        log = stack.enter_context((work / "servers.log").open("wb"))
        for command in commands:
            stack.callback(_stop, spawn(command, output=log))
        for port in (http, https, failing):
            try:
                wait_until(partial(port_answers, port), _START_SECONDS, "a server's start")
            except TimeoutError as error:
                msg = f"{error}; see servers.log and nginx-error.log in {work}"
                raise BenchError(msg) from None
        yield Servers(http, https, failing, ca_file, software)


def _certificates(work: Path) -> tuple[Path, Path]:
    """A certificate authority's certificate, and a server's key and certificate chain that it signed, as PEM files."""
    authority = trustme.CA()
    ca_file, certificate = work / "ca.pem", work / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert(*HOSTS).private_key_and_cert_chain_pem.write_to_path(certificate)
    return ca_file.resolve(), certificate.resolve()


def _nginx_configuration(root: Path, work: Path, certificate: Path, http: int, https: int) -> str:
    listens = "\n".join(f"    listen {host}:{http};\n    listen {host}:{https} ssl;" for host in HOSTS)
    scratch = "\n".join(
        f"  {kind}_temp_path {work}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # What open_file_cache holds is open: more than the process may have (20,000 in places) is answered by 500.
    # As root, nginx would hand its workers to a user who may not read the corpus.
    user = "user root;\n" if os.geteuid() == 0 else ""
    robots = ROBOTS.decode().replace("\n", "\\n")
    return f"""daemon off;
{user}worker_processes 1;
pid {work}/nginx.pid;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65;
  keepalive_requests 1000000;
  open_file_cache max=4000 inactive=10m;
  open_file_cache_valid 10m;
  types {{ image/jpeg jpg; }}
{scratch}
  server {{
{listens}
    root "{root}";
    ssl_certificate "{certificate}";
    ssl_certificate_key "{certificate}";
    ssl_session_cache shared:TLS:10m;
    location = /robots.txt {{ default_type text/plain; return 200 "{robots}"; }}
  }}
}}
"""


def _nginx_version(nginx: str) -> str:
    told = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    return f"{told.stderr.strip().rpartition(': ')[2]}, 1 worker"


def _free_ports() -> tuple[int, int, int]:
    while True:
        ports = free_port(), free_port(), free_port()
        if len(set(ports)) == len(ports):
            return ports


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)
