"""`python -m sims` is the `regretlab` command."""

from sims.cli import main

main()
