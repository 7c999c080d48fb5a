"""The console: pages for a browser, served from here, and a client of the JSON API like any other.

`assets` holds the files, `pages` hands them out, `session` lets a browser sign in. Nothing in this folder reads or
changes what an administrator set up: the pages do that through `/providers`, `/routes` and the others.
"""

from ccproxy.web.console import pages, session

MODULES = (pages, session)
"""Those that have a blueprint."""
