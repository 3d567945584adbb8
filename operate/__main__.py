"""Start of the command line, behind ./neurocore."""

from operate.cli import main

main()
