"""The real Claude Code, installed from npm, through the running proxy, on each wire, against a scripted provider.

install      fetches the pinned package once
session      runs `claude -p …` in a clean environment and keeps everything that it said
debug_log    what its debug log complains of: retries, repairs, malformed answers
turns        what the scripted provider answers, on any of the three wires
upstream     which turn a request of Claude Code's gets, and of which kind each request is
messages_api what a server without a proxy says to it, where a check is to be seen failing
scene        the three together, and what must be true of every run
mcp_server   a server whose tool it calls
"""
