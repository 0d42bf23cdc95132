"""``python -m stellar_gui`` is ``stellar-gui``."""

from stellar_gui.cli import main

if __name__ == "__main__":
    main()
