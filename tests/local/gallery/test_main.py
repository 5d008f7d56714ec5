import subprocess

from local.gallery import command, ports
from local.gallery.catalogue import Catalogue
from local.processes import port_answers, spawn, wait_until
from tests.local.conftest import free_ports


def test_a_taken_port_is_a_sentence(sites: tuple[str, ...], catalogue: Catalogue) -> None:
    port = int(sites[1].rsplit(":", 1)[1])
    done = subprocess.run(
        command(port, cache=catalogue.folder.parent), capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"cannot serve on ports {port} to {port + 3}: ")
    assert "Traceback" not in done.stderr


def test_it_stops_on_a_signal_while_somebody_waits_for_a_drip(catalogue: Catalogue) -> None:
    import requests

    port = free_ports()
    process = spawn(command(port, cache=catalogue.folder.parent))
    wait_until(lambda: all(port_answers(number) for number in ports(port)), 20, "the gallery answering")
    drip = next(exhibit for exhibit in catalogue.exhibits if exhibit.behaviour == "drip")
    url = f"http://127.0.0.1:{port + drip.site}{drip.target}"
    with requests.get(url, stream=True, timeout=5) as answer:
        assert answer.raw.read(1)
        process.terminate()
        assert process.wait(5) == 0
