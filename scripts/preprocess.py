"""The original's line, `python scripts/preprocess.py --input_csv A --output_json B`: a door to `csb preprocess`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    import sys

    main(["preprocess", *sys.argv[1:]])
