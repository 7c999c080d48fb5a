"""How gunicorn serves ccproxy. Each setting has its reason beside it."""

# First of all, before anything imports ssl or socket: urllib3 recurses forever when it is patched late.
from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402 - after the patch
import mmap  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402

import structlog  # noqa: E402

from ccproxy.app import create_app  # noqa: E402
from ccproxy.errors import CCProxyError, SettingsError  # noqa: E402
from ccproxy.metrics import folder  # noqa: E402
from ccproxy.settings import load  # noqa: E402
from ccproxy.web.services import EXTENSION  # noqa: E402

# This file is read again for each reload.
serving = os.environ.get("CCPROXY_SERVING") == str(os.getpid())
try:
    settings = load(os.environ)
except SettingsError as error:
    if not serving:
        print(f"ccproxy: {error}", file=sys.stderr)  # noqa: T201 - the one line that a bad setting gets
        sys.exit(1)
    # A reload with a bad setting: on_reload says so and keeps the application that runs, these keep the listener.
    bind = os.environ["CCPROXY_SERVING_BIND"]
    workers = int(os.environ["CCPROXY_SERVING_WORKERS"])
else:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    bind = f"{host}:{settings.port}"
    workers = settings.workers
    if not serving:  # over reloads the workers count on in the same folder
        os.environ[folder.VARIABLE] = folder.fresh()
    os.environ["CCPROXY_SERVING"] = str(os.getpid())
    os.environ["CCPROXY_SERVING_BIND"] = bind
    os.environ["CCPROXY_SERVING_WORKERS"] = str(workers)

# A stream takes two descriptors, and the usual soft limit of 1,024 would end at 500 of them.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = 65536 if _hard == resource.RLIM_INFINITY else min(_hard, 65536)
if _soft != resource.RLIM_INFINITY and _soft < _wanted:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_wanted, _hard))

# Drains on SIGTERM and answers malformed requests as JSON.
worker_class = "ccproxy.web.worker.Worker"
# One worker holds this many streams; at the limit even /health would wait in the backlog.
worker_connections = 2000
# Shares the imports between workers (half the memory), seeds the database once, and stops a bad start in the master.
preload_app = True
# Idle connections, and slow request heads, are closed after this many seconds.
keepalive = 5
# Streams get this long (less 5 s for the last answers and rows) on SIGTERM; docker's stop_grace_period is longer.
graceful_timeout = 30
# Watches the worker's heartbeat, not its requests: it only fires where something blocks the whole worker.
timeout = 60
# Workers are never recycled: the replacement starts only after the old one has let its streams end.
max_requests = 0
# Nobody needs the control socket, and it cannot be made on a read-only file system.
control_socket_disable = True
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn makes a private file in it
# Long query strings are not ours; long headers are, Claude Code's beta list grows.
limit_request_field_size = 16384
# Requests are logged by ccproxy itself.
accesslog = None
errorlog = "-"
loglevel = "warning"
# Whose X-Forwarded-* count is decided by CCPROXY_TRUSTED_PROXIES, not by gunicorn.
forwarded_allow_ips = ""


def on_starting(server):
    """Before the first fork: a byte that master and workers share, counting the reloads."""
    server.app.reloads = mmap.mmap(-1, 1)


def pre_fork(server, worker):
    """Give the worker its seat among those that count together: the lowest that is free, so a dead one's before all."""
    worker.seat = folder.free_seat(other.seat for other in server.WORKERS.values())


def child_exit(server, worker):  # noqa: ARG001 - gunicorn's signature
    """However the worker ended: what it was busy with is none of the present any more."""
    folder.vacate(os.environ[folder.VARIABLE], worker.seat)


def on_exit(server):  # noqa: ARG001 - gunicorn's signature
    """The end of the master, after that of its workers."""
    folder.remove(os.environ[folder.VARIABLE])


def when_ready(server):
    """Before the first fork: say where it listens, for gunicorn's own lines are of another form and turned off.

    And take what was imported off the garbage collector's hands: going through it cost pauses of 40 ms under load, and
    made each worker copy the pages that it shares with the others.
    """
    gc.collect()
    gc.freeze()
    structlog.get_logger().info("ccproxy is ready", type="start", url=f"http://{bind}", workers=server.num_workers)


def on_reload(server):
    """SIGHUP: read the settings anew for the next workers; with bad ones, or a database in use, go on as before."""
    server.app.reloads[0] = (server.app.reloads[0] + 1) % 256
    try:
        former = server.app.callable.extensions[EXTENSION]
        server.app.callable = create_app(load(os.environ), former.counters)
    except CCProxyError as error:
        server.log.error("reload ignored: %s", error)
    except Exception:  # gunicorn would end, and everything that runs with it
        server.log.exception("reload ignored")
