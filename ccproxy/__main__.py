"""`python -m ccproxy`: the command line, also where the `ccproxy` script is not on the path."""

from ccproxy.cli import main

main(prog_name="ccproxy")
