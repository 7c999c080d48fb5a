import sqlite3
import subprocess
import sys
import threading

import gevent
import pytest
from sqlalchemy import text

from ccproxy.store.session import sqlite_path
from ccproxy.store.writer import Writer


def _count(engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM config_version WHERE id = 1 OR id > 3")).scalar()


def _insert(connection, number):
    connection.execute(text("INSERT INTO config_version VALUES (:id, 0)"), {"id": number})
    return number


def test_commits_and_hands_back_the_value(engine):
    writer = Writer(engine)
    assert writer.run(lambda connection: _insert(connection, 7)) == 7
    assert writer.run(lambda connection: None) is None
    assert _count(engine) == 2
    writer.close()
    assert writer.run(lambda connection: _insert(connection, 8)) == 8, "a later run starts another thread"


def test_rolls_back_and_raises_quietly(engine, capfd):
    def work(connection):
        _insert(connection, 7)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Writer(engine).run(work)
    assert _count(engine) == 1
    assert capfd.readouterr().err == "", "gevent prints what a pooled function raises"


def test_the_hub_goes_on_while_a_write_waits_for_the_lock(engine, url):
    writer = Writer(engine)
    holder = sqlite3.connect(sqlite_path(url), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = gevent.spawn(writer.run, lambda connection: _insert(connection, 7))
    turns = 0
    while turns < 20:  # each needs the hub; with the wait on it none would come before the lock is free
        gevent.sleep(0.001)
        turns += 1
    assert not waiting.ready()
    holder.execute("COMMIT")
    holder.close()
    assert waiting.get(timeout=10) == 7


def test_runs_off_the_calling_thread(engine):
    assert Writer(engine).run(lambda connection: threading.get_native_id()) != threading.get_native_id()


def test_another_native_thread_may_call_too(engine):
    writer = Writer(engine)
    writer.run(lambda connection: _insert(connection, 7))
    seen = []
    thread = threading.Thread(target=lambda: seen.append(writer.run(lambda connection: _insert(connection, 8))))
    thread.start()
    thread.join(30)
    assert seen == [8]


def test_works_on_both_sides_of_a_fork(engine, url):
    """As gunicorn does it: patched first, an application built, then forked."""
    code = """
from gevent import monkey; monkey.patch_all()
import os, sys
from sqlalchemy import text
from ccproxy.store.session import open_engine
from ccproxy.store.writer import Writer

def insert(number):
    statement = text(f"INSERT INTO config_version VALUES ({number}, 0)")
    return writer.run(lambda connection: connection.execute(statement).rowcount)

writer = Writer(open_engine(sys.argv[1]))
insert(10)
child = os.fork()
insert(11 if child else 12)
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert _count(engine) == 4
