"""`python -m chatstylebot` is `csb`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    main()
