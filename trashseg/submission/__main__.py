"""``python -m trashseg.submission``, which the verb is; this package alone has no commands."""

from trashseg.submissions.commands import main

if __name__ == "__main__":
    main()
