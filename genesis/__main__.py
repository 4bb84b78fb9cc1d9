"""``python -m genesis`` is ``genesis``."""

from genesis.cli.main import main

main()
