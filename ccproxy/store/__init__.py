"""What survives a restart: providers, their keys, the request log.

Two tables are written often enough to matter. Both go through a `writer.Writer`, a native thread of its own, because
SQLite waits for a lock by sleeping in C, and on the hub that sleep would stop every stream of the worker. Reads stay
where they are: under WAL a reader waits for nobody.

Nothing here knows HTTP, settings or presets. Whoever holds an engine decides when a connection is opened: none is
before the first call, so an application may be built in one process and used in its forks.
"""
