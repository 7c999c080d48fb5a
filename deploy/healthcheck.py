"""The container's health check: exit 0 when the server inside it is ready for requests, 1 otherwise.

The slim image has no curl. http.client, because urllib would send the request to a proxy named in the environment.
While the server drains it answers 503, so a container that is going away counts as unhealthy.
"""

from __future__ import annotations

import http.client
import os
import sys


def healthy(port: int) -> bool:
    """Whether `GET /health` on this machine is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if healthy(int(os.environ.get("CCPROXY_PORT") or "3456")) else 1)
