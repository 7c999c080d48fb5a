"""deploy/healthcheck.py against servers that are well, are not, or are not HTTP."""

from __future__ import annotations

import socket
import threading

import pytest

from deploy.healthcheck import healthy
from tests.deploy.proxy import free_port


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", False),
        (b"this is not HTTP\r\n\r\n", False),
        (b"", False),
    ],
)
def test_only_200_is_healthy(answer: bytes, expected: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        assert healthy(listener.getsockname()[1]) is expected
        server.join()


def test_nobody_there_is_not_healthy() -> None:
    assert healthy(free_port()) is False
