"""``python -m neurocore_app`` is the command ``neurocore``."""

from neurocore_app.cli import main

raise SystemExit(main())
