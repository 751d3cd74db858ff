"""The original's line, `python scripts/id_tag.py --name N --author A --file_path F`: a door to `csb id-tag`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    import sys

    main(["id-tag", *sys.argv[1:]])
