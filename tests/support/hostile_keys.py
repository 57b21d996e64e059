"""Keys that somebody with the right to upload may choose, by what they are after.

Each has to be loaded as any other key is, and to be shown without doing anything to whoever looks.
"""

HOSTILE_KEYS: dict[str, str] = {
    # at a browser, a table or a terminal that interprets what it shows
    "script": "logs/<script>alert(document.cookie)</script>.json",
    "html entities": "logs/&lt;b&gt;&amp;#x41;.json",
    "terminal colours": "logs/\x1b[2J\x1b[31mcleared.json",
    "window title": "logs/\x1b]0;root@prod\x07.json",
    "hyperlink": "logs/\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\.json",
    "eight-bit control": "logs/\x9b31m\x9d0;title\x9c\x90\x85.json",
    "delete": "logs/rub\x7f\x7f\x7f out.json",
    "backspaces": "logs/evil\x08\x08\x08\x08good.json",
    "line feed": "logs/a.json\ningestor: nothing needs attention.json",
    "carriage return": "logs/a.json\ringestor: done.json",
    "tab and form feed": "logs/a\tb\x0cc\x0bd.json",
    "line and paragraph separators": "logs/a\u2028b\u2029c.json",
    "right-to-left override": "logs/\u202egj.nosj",
    "embeddings": "logs/\u202a\u202b\u202c\u202d.json",
    "isolates": "logs/\u2066\u2067\u2068\u2069.json",
    "direction marks": "logs/\u200e\u200f\u061c.json",
    "zero width": "logs/a\u200bb\u200cc\ufeffd.json",
    "tag characters": "logs/\U000e0041\U000e0042.json",
    "markup of rich": "logs/[bold red]alarm[/] [link=http://evil.example]x[/link].json",
    "unopened markup": "logs/[/red]\\[/].json",
    # at whoever pastes what is shown
    "shell": "logs/$(touch owned) `touch owned`; touch owned | & '.json",
    "single quotes": "logs/it's 'quoted'.json",
    "double quotes": 'logs/"quoted".json',
    "backslashes": "logs\\windows\\..\\app.json",
    "leading dash": "--help",
    "option with a value": "-c=alias",
    "blanks around": " logs/app.json ",
    # at our SQL and our formats
    "sql": "logs/'; DROP TABLE logs; --.json",
    "like pattern": "logs/100%_\\%\\_.json",
    "percent formats": "logs/%s %(key)s %d %n %%.json",
    "brace formats": "logs/{0} {file.__class__.__init__.__globals__}.json",
    "json": 'logs/","status":"COMPLETED","x":".json',
    "form encoded": "logs/a+b%20c%2Fd%00e.json",
    # at what we might take a key for
    "traversal": "logs/../../../../etc/passwd",
    "absolute path": "/etc/passwd",
    "file url": "file:///etc/passwd",
    "the word of local files": "file",
    "s3 url": "s3://somebody-elses/app.json",
    "internal address": "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "standard input": "stdin:sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "arn": "arn:aws:s3:us-east-1:123456789012:accesspoint/other",
    # at lengths and alphabets
    "as long as may be": "logs/" + "k" * 1_019,
    "long in bytes": "logs/" + "ü" * 509,
    "umlauts": "logs/größe übersicht.json",
    "far planes": "logs/日志 🎉 👩‍👩‍👧.json",
    "composed": "logs/caf\u00e9.json",
    "decomposed": "logs/cafe\u0301.json",
    "right to left": "logs/سجل.json",
}

NUL_KEYS: dict[str, str] = {"NUL": "logs/a\x00b.json", "NUL at the end": "logs/app.json\x00.gz"}
"""PostgreSQL stores none of these, and AWS takes none; some S3-compatible stores do."""

CONTROLS = frozenset(
    chr(code)
    for first, last in (
        (0x00, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
        (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xE0000, 0xE007F),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""Nothing of the kind is to reach a terminal or a log, but for the line ends that are our own."""


def raw_controls(text: str) -> set[str]:
    """Those in a text that people or log collectors get to see, named by their code points."""
    return {f"U+{ord(each):04X}" for each in text if each in CONTROLS and each != "\n"}
