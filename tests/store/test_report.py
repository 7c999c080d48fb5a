import logging

from ccproxy.store.report import to_logging


def test_an_event_and_its_fields(caplog):
    with caplog.at_level(logging.WARNING):
        to_logging("rows dropped", dropped=3, name="x")
    assert caplog.messages == ["rows dropped dropped=3 name='x'"]
    assert caplog.records[0].name == "ccproxy.store"
