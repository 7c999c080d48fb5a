"""Runs llama.cpp's HTTP server over one model file, on a free loopback port, until standard input closes.

    model_server.py WEIGHTS TEMPLATE NAME ADDRESS_FILE

NAME is what the model is called over HTTP. The server's address is written to ADDRESS_FILE once it listens. Standard
input is a pipe from whoever started this: it closes when that process ends, however it ends, so no server stays behind.
Runs in the demo's own environment, which holds nothing but `xllamacpp`, and therefore imports nothing of ccproxy.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import xllamacpp

CONTEXT_TOKENS = 8192  # what SmolLM2 was trained for
SLOTS = 2  # requests answered at the same time


def start(weights: str, template: str, name: str) -> xllamacpp.Server:
    """Load the model and listen; returns when requests are answered."""
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {name}
    params.chat_template = Path(template).read_text(encoding="utf-8")
    params.use_jinja = True
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free one
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.kv_unified = True  # a single request may use the whole context, two share it
    params.n_predict = 1024  # a request that sets no limit of its own ends too
    params.cache_ram_mib = 256  # old prompts kept for reuse; the default is 8 GiB
    # Some cores are left to others: llama.cpp's threads wait for each other hundreds of times a token, and where one
    # has to share its core, a token takes ten times as long.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = min(4, max(1, (os.cpu_count() or 1) // 2))
    params.sampling.temp = 0.2  # where a request sets none: at the usual 0.8 a model this small misses its tool calls
    params.ui = False
    return xllamacpp.Server(params)


def main(weights: str, template: str, name: str, address_file: str) -> None:
    """Serve, tell the address, wait for the end of standard input."""
    server = start(weights, template, name)
    unfinished = Path(address_file + ".part")
    unfinished.write_text(server.listening_address, encoding="utf-8")
    unfinished.replace(address_file)
    sys.stdin.buffer.read()
    os._exit(0)  # llama.cpp's threads would hold up an ordinary exit


if __name__ == "__main__":
    main(*sys.argv[1:])
