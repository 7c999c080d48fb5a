import threading

import gevent
import pytest

from ccproxy.store.thread import Thread


def test_work_runs_off_the_calling_thread_and_its_value_comes_back():
    thread = Thread()
    first, second = thread.run(threading.get_native_id), thread.run(threading.get_native_id)
    assert first == second != threading.get_native_id()
    thread.close()
    assert thread.run(lambda: 7) == 7, "a later run starts another"
    thread.close()
    thread.close()


def test_what_work_raises_is_raised_quietly(capfd):
    def work():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Thread().run(work)
    assert capfd.readouterr().err == "", "gevent prints what a pooled function raises"


def test_the_hub_goes_on_meanwhile():
    gate = threading.Event()
    working = gevent.spawn(Thread().run, lambda: gate.wait(20))
    for _ in range(20):
        gevent.sleep(0.001)
    assert not working.ready()
    gate.set()
    assert working.get(timeout=10) is True
