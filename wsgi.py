"""What gunicorn serves. deploy/gunicorn.conf.py has patched the process before this is imported."""

import os

from ccproxy.app import create_app
from ccproxy.settings import load

app = create_app(load(os.environ))
