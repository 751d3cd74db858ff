"""The bot: a channel brings what is heard, the session decides, the policy says who may be answered."""
