"""assets/demo.png from what `csb demo` really printed: python assets/demo.py OUT.txt [QUESTIONS]

The lines stand as they were printed, with an ellipsis where some are left out. Needs Debian's chromium, fonts-dejavu.
"""

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).with_name("demo.png")
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 14px; width: max-content }}
div {{ background: #11161d; color: #d7dee7; border-radius: 10px; padding: 14px 20px 16px }}
pre {{ font: 15px/1.22 "DejaVu Sans Mono", monospace; margin: 0 }}
i {{ font-style: normal; color: #4c5866 }} b {{ color: #fff }} u {{ text-decoration: none; color: #43c692 }}
</style><div><pre>{}</pre></div>"""


def lines(printed: str, questions: int) -> list[str]:
    """The account of the messages, the table's head and its last questions."""
    rows = printed.splitlines()
    first = next(n for n, row in enumerate(rows) if row.startswith("┏"))
    borders = [n for n, row in enumerate(rows) if row.startswith(("┡", "├", "└"))]
    funnel = [row for row in rows[:first] if re.match(r"redacted:|[\d,]+ messages →", row)]
    return ["$ csb demo", "…", *funnel, "…", *rows[first : first + 3], *rows[borders[-questions - 1] + 1 :]]


def coloured(line: str) -> str:
    if line.startswith("$"):
        return f"<u>$</u> <b>{html.escape(line[2:])}</b>"
    shown = re.sub(r"([│┃┏┳┓┡╇┩├┼┤└┴┘─━]+)", r"<i>\1</i>", html.escape(line))
    return f"<b>{shown}</b>" if line.startswith("┃") else shown


if __name__ == "__main__":
    kept = lines(Path(sys.argv[1]).read_text("utf-8"), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "demo.html")
        page.write_text(PAGE.format("\n".join(map(coloured, kept))), "utf-8")
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        shape = [
            f"--window-size=1170,{round(len(kept) * 18.3) + 62}",
            "--force-device-scale-factor=2",
            "--hide-scrollbars",
        ]
        where = [f"--user-data-dir={scratch}/profile", f"--screenshot={TARGET}", "--default-background-color=00000000"]
        argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", *quiet, *shape, *where, page.as_uri()]
        subprocess.run(argv, check=True, capture_output=True)
