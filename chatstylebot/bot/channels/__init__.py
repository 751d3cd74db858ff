"""The roads to people: one file each, and one line here."""

# name → what it is, in a line
CHANNELS = {
    "terminal": "this terminal: try the bot without any account",
    "ilink": "WeChat, Tencent's official bot interface (ClawBot): a contact of its own, for who scans the code",
    "itchat": "WeChat through its web protocol, from your own account: unofficial, accounts were banned for it",
    "onebot": "QQ through NapCat, LLOneBot and others (OneBot v11, reverse WebSocket)",
}
# those on which the bot writes from the person's own account: an export of it holds its words as the person's own
OWN_ACCOUNT = ("itchat", "onebot")
