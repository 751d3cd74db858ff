"""The original's line, `python scripts/rag.py --model llama3`: a door to `csb rag ask`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    import sys

    main(["rag", "ask", *sys.argv[1:]])
