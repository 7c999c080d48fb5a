import threading

import pytest
from sqlalchemy import text

from ccproxy.store.reader import Reader


def test_it_reads_off_the_calling_thread(engine):
    reader = Reader(engine)
    here, rows = reader.run(
        lambda connection: (threading.get_native_id(), connection.execute(text("SELECT 1")).scalar_one())
    )
    assert (here != threading.get_native_id(), rows) == (True, 1)
    reader.close()


def test_what_a_question_raises_comes_through(engine):
    def work(connection):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Reader(engine).run(work)
