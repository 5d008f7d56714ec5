import threading
import time

from local.host.durable.timers import Alarms


def test_calls_come_in_order_of_their_time_not_before_it() -> None:
    alarms = Alarms()
    calls: list[str] = []
    done = threading.Event()
    start = time.monotonic()
    alarms.call_after(0.10, done.set)
    alarms.call_after(0.05, lambda: calls.append("second"))
    alarms.call_after(-1, lambda: calls.append("first"))
    assert done.wait(5)
    assert time.monotonic() - start >= 0.10
    assert calls == ["first", "second"]
    alarms.stop()


def test_an_earlier_call_overtakes_one_that_is_waited_for() -> None:
    alarms = Alarms()
    early = threading.Event()
    alarms.call_after(3600, lambda: None)
    alarms.call_after(0.01, early.set)
    assert early.wait(5)
    alarms.stop()


def test_nothing_is_called_after_the_end() -> None:
    alarms = Alarms()
    late = threading.Event()
    alarms.call_after(0.2, late.set)
    alarms.stop()
    assert not late.wait(0.4)
