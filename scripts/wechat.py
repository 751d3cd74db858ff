"""The original's line, `python scripts/wechat.py`: a door to `csb wechat`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    import sys

    main(["wechat", *sys.argv[1:]])
