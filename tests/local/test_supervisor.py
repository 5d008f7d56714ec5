import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from local import supervisor as module
from local.azurite import connection_string
from local.config import StackSettings
from local.first_key import FirstKeyError
from local.gallery.catalogue import Catalogue
from local.processes import free_port, port_answers, wait_until
from local.services import stack
from local.supervisor import (
    DataInUseError,
    DataUnusableError,
    PortTakenError,
    ServiceDiedError,
    Supervisor,
    deaf,
    is_taken,
)
from tests.local.conftest import MakeService, free_ports


def test_services_start_stage_by_stage_and_stop_in_reverse(make_service: MakeService, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    first, second, third = (make_service(name, "--ledger", ledger) for name in ("first", "second", "third"))
    with Supervisor(((first,), (second,), (third,)), tmp_path / "data") as running:
        assert all(port_answers(one.ports[0]) for one in (first, second, third))
        running.check()
        assert (tmp_path / "data" / "logs" / "first.log").read_text() == "first speaks\n"
    order = [f"start {name}" for name in ("first", "second", "third")]
    order += [f"stop {name}" for name in ("third", "second", "first")]
    assert ledger.read_text().splitlines() == order
    assert not any(port_answers(one.ports[0]) for one in (first, second, third))


def test_what_is_left_to_do_is_done_once_a_stage_is_ready_or_nothing_runs(
    make_service: MakeService, tmp_path: Path
) -> None:
    first, second = make_service("first"), make_service("second")

    def then() -> None:
        assert port_answers(first.ports[0])
        assert not port_answers(second.ports[0])
        msg = "no key"
        raise FirstKeyError(msg)

    with (
        pytest.raises(FirstKeyError, match="no key"),
        Supervisor(((replace(first, then=then),), (second,)), tmp_path / "data"),
    ):
        pass
    assert not port_answers(first.ports[0])


def test_a_taken_port_is_named_and_nothing_starts(
    make_service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FREE_SECONDS", 0.1)
    ledger = tmp_path / "ledger"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        stages = ((make_service("early", "--ledger", ledger),), (make_service("late", port=port),))
        with pytest.raises(PortTakenError, match=rf"port {port}, which late needs, is taken"):
            Supervisor(stages, tmp_path).__enter__()
    assert not ledger.exists()


def test_a_port_that_is_let_go_of_in_time_is_no_trouble(make_service: MakeService, tmp_path: Path) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    service = make_service("patient", port=other.getsockname()[1])
    timer = threading.Timer(0.3, other.close)
    timer.start()
    with Supervisor(((service,),), tmp_path):
        assert port_answers(service.ports[0])
    timer.join()


def test_a_service_that_dies_at_its_start_is_told_with_its_last_words(
    make_service: MakeService, tmp_path: Path
) -> None:
    healthy = make_service("healthy")
    dying = replace(make_service("dying", "--fail-if", __file__), ready=lambda: False)
    with pytest.raises(ServiceDiedError, match=r"dying ended unexpectedly with exit code 3; .*\n  .*\n  it hurts"):
        Supervisor(((healthy,), (dying,)), tmp_path).__enter__()
    assert not port_answers(healthy.ports[0])


def test_a_service_that_never_answers_is_told(make_service: MakeService, tmp_path: Path) -> None:
    mute = replace(make_service("mute"), ready=lambda: False)
    with pytest.raises(ServiceDiedError, match=rf"mute \(port {mute.ports[0]}\) did not become ready in 0.5 s"):
        Supervisor(((mute,),), tmp_path, start_seconds=0.5).__enter__()
    assert not port_answers(mute.ports[0])


def test_a_service_that_dies_later_is_noticed(make_service: MakeService, tmp_path: Path) -> None:
    trigger = tmp_path / "now"
    service = make_service("frail", "--fail-if", trigger)
    with Supervisor(((service,),), tmp_path / "data") as running:
        running.check()
        trigger.touch()
        with pytest.raises(ServiceDiedError, match=r"frail ended unexpectedly with exit code 3"):
            running.watch()


def test_a_stubborn_service_is_killed(
    make_service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    ledger = tmp_path / "ledger"
    service = make_service("stubborn", "--stubborn", "--ledger", ledger)
    with Supervisor(((service,),), tmp_path / "data"):
        pass
    assert "stop stubborn" in ledger.read_text()
    wait_until(lambda: not port_answers(service.ports[0]), 5, "the end of the stubborn service")


def test_two_stacks_do_not_share_data(make_service: MakeService, tmp_path: Path) -> None:
    with (
        Supervisor(((make_service("one"),),), tmp_path),
        pytest.raises(DataInUseError, match="PIXCRAWLER_LOCAL_DATA"),
    ):
        Supervisor(((make_service("other"),),), tmp_path).__enter__()
    with Supervisor(((make_service("again"),),), tmp_path):
        pass


def test_a_second_stack_on_the_same_data_and_ports_hears_of_the_first(
    make_service: MakeService, tmp_path: Path
) -> None:
    service = make_service("one")
    with (
        Supervisor(((service,),), tmp_path),
        pytest.raises(DataInUseError, match="another stack works on"),
    ):
        Supervisor(((service,),), tmp_path).__enter__()


def test_a_data_folder_that_cannot_be_written_is_told(make_service: MakeService, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(
        DataUnusableError, match=r"file.* cannot be written \(Not a directory\): set PIXCRAWLER_LOCAL_DATA"
    ):
        Supervisor(((make_service("one"),),), file / "data").__enter__()


def test_the_log_of_the_run_before_is_kept(make_service: MakeService, tmp_path: Path) -> None:
    for name in ("old", "new"):
        service = replace(make_service(name), name="service")
        with Supervisor(((service,),), tmp_path):
            pass
    assert (tmp_path / "logs" / "service.log").read_text() == "new speaks\n"
    assert (tmp_path / "logs" / "service.log.1").read_text() == "old speaks\n"


def test_output_meant_for_the_console_is_shown_and_kept(
    make_service: MakeService, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with Supervisor(((make_service("quiet"), make_service("loud", on_console=True)),), tmp_path, console=True):
        pass
    log = tmp_path / "logs" / "loud.log"
    wait_until(lambda: log.read_text() == "loud speaks\n", 5, "the log of the loud service")
    assert capfdbinary.readouterr().out == b"loud speaks\n"


def test_no_orphan_is_left_when_the_supervisor_is_killed(make_service: MakeService, tmp_path: Path) -> None:
    service = make_service("orphan", "--stubborn")
    script = f"""
from pathlib import Path
from local.processes import port_answers
from local.services import Service
from local.supervisor import Supervisor
service = Service("orphan", {service.command!r}, {service.ports!r}, lambda: port_answers({service.ports[0]}))
with Supervisor(((service,),), Path({str(tmp_path)!r})) as running:
    print("ready", flush=True)
    running.watch()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert port_answers(service.ports[0])
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(5) == -signal.SIGKILL
    wait_until(lambda: not port_answers(service.ports[0]), 5, "the end of the orphan")
    heir = make_service("heir", port=service.ports[0])
    with Supervisor(((heir,),), tmp_path):  # neither the port nor the data is held any more
        assert port_answers(heir.ports[0])


def test_deaf_to_signals_and_not_for_longer() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with deaf():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == handler


def test_a_port_is_taken_on_any_address() -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:  # noqa: S104
        assert is_taken(everywhere.getsockname()[1])
    assert not is_taken(free_port())


def test_the_real_storage_and_gallery_come_up(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "gallery").symlink_to(catalogue.folder.parent)  # not to be made again
    settings = StackSettings(
        blob_port=free_port(),
        queue_port=free_port(),
        table_port=free_port(),
        gallery_port=free_ports(),
        data=tmp_path,
    )
    (azurite, _, gallery), _ = stack(settings)
    with Supervisor(((azurite, gallery),), tmp_path):
        from azure.storage.blob import BlobServiceClient

        connection = connection_string(
            blob_port=settings.blob_port, queue_port=settings.queue_port, table_port=settings.table_port
        )
        with BlobServiceClient.from_connection_string(connection) as client:
            client.create_container("made")
        assert all(port_answers(port) for port in settings.gallery_ports)
