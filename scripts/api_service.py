"""The original's line, `python scripts/api_service.py --model_name llama3`: a door to `csb api-service`."""

from chatstylebot.cli import main

if __name__ == "__main__":
    import sys

    main(["api-service", *sys.argv[1:]])
