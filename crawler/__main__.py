"""`python -m crawler` is the `forbear` command."""

from crawler.cli import main

main()
