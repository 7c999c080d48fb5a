from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from ccproxy.errors import Unavailable
from ccproxy.web.reading import read


def parts(error: Exception | None = None) -> Any:
    def run(work: Any) -> Any:
        if error is not None:
            raise error
        return work(7)

    return SimpleNamespace(reader=SimpleNamespace(run=run))


def test_the_answer_comes_back() -> None:
    assert read(parts(), lambda connection: connection) == 7  # type: ignore[comparison-overlap]


def test_a_database_that_does_not_answer_is_no_bug_of_ours() -> None:
    with pytest.raises(Unavailable) as raised:
        read(parts(OperationalError("SELECT secret", {}, Exception("locked"))), lambda _: None)
    assert raised.value.message == "the database cannot be read now; try again"


def test_a_wrong_question_is() -> None:
    with pytest.raises(IntegrityError):
        read(parts(IntegrityError("SELECT", {}, Exception("x"))), lambda _: None)
