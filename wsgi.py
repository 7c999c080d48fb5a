"""What gunicorn serves. deploy/gunicorn.conf.py has patched the process before this is imported."""

import os
import sys

from ccproxy.app import create_app
from ccproxy.errors import CCProxyError
from ccproxy.settings import load

try:
    app = create_app(load(os.environ))
except CCProxyError as error:
    sys.exit(f"ccproxy: {error}")  # one line on stderr, and status 1
