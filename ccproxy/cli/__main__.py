"""`python -m ccproxy.cli`: the same as `python -m ccproxy`."""

from ccproxy.cli import main

main(prog_name="ccproxy")
