from datetime import UTC, datetime

from ccproxy.web.replies import as_json


def test_a_value_is_an_answer_in_json():
    answer = as_json({"a": [1, None, "ü"], "at": datetime(2026, 11, 28, tzinfo=UTC)}, 201)
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json() == {"a": [1, None, "ü"], "at": "2026-11-28T00:00:00Z"}
