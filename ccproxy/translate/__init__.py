"""Pure translation: bytes and values in, bytes and values out. Nothing here can do any I/O.

The Anthropic Messages model (`messages`, `events`) is the one internal representation; each module or package
in `wire` turns it into one upstream API and back; `render` turns it into what the client reads. No clock, no
randomness and no environment: they come in as arguments. Imports: only itself, `ccproxy.errors` and msgspec.
"""
