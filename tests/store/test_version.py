import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ccproxy.store import version
from ccproxy.store.session import open_engine, write_engine
from ccproxy.store.version import VersionReader


def test_reads_what_others_commit_and_nothing_before(engine, url):
    reader = VersionReader(open_engine(url))
    assert reader.read() == 1
    with write_engine(engine).begin() as connection:
        version.bump(connection)
        assert version.read(connection) == 2
        assert reader.read() == 1
    assert reader.read() == 2
    reader.close()
    assert reader.read() == 2, "another connection is opened"


def test_a_read_leaves_no_transaction_open(engine):
    reader = VersionReader(engine)
    reader.read()
    assert not reader._connection.in_transaction
    with write_engine(engine).begin() as connection:
        version.bump(connection)
    with engine.connect() as connection:
        # Its first column says whether somebody's snapshot stood in the way. None may be open, so no transaction here.
        raw = connection.connection.driver_connection
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert reader.read() == 2


def test_native_threads_may_share_it(engine):
    reader = VersionReader(engine)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: reader.read(), range(4000))) == {1}


def test_through_the_engine_where_it_is_not_sqlite(engine):
    reader = VersionReader(engine)
    reader._raw = False
    assert reader.read() == 1
    assert reader._connection is None


def test_after_an_error_it_opens_anew(engine):
    reader = VersionReader(engine)
    reader.read()
    reader._connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        reader.read()
    assert reader.read() == 1


def test_a_fork_opens_its_own_and_leaves_the_inherited_one_alone(engine, url):
    code = """
import os, sys
from ccproxy.store.session import open_engine
from ccproxy.store.version import VersionReader
reader = VersionReader(open_engine(sys.argv[1]))
reader.read()
mine = reader._connection
child = os.fork()
if child:
    status = os.waitpid(child, 0)[1]
    assert reader.read() == 1 and reader._connection is mine
    sys.exit(status)
assert reader.read() == 1
assert reader._connection is not mine and reader._inherited == [mine]
mine.execute("SELECT 1")  # still open: nothing closed what belongs to the parent
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )
    assert (done.returncode, done.stderr) == (0, "")
