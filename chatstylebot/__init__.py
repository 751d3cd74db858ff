"""Chat-Style-Bot: your own chat history becomes a bot that writes the way you write."""

__version__ = "0.1.0"
