"""``python -m trashseg VERB ...``."""

from trashseg.cli import main

if __name__ == "__main__":
    main()
