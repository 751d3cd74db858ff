"""The clone as a server: gateway, engines, chat page."""
