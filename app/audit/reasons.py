"""What Bandit's rules mean for a cell, in words for whoever is about to run it.

The ids are those of Bandit 1.9; a rule that is not listed speaks in Bandit's own words.
"""

LEFT_OUT = frozenset({"B101"})
"""Rules that do not apply in a notebook: an `assert` in a cell is a check, and nobody runs cells with -O."""

_LEAKED = "A password or key seems to stand in the code. Whoever sees the session or a share of it sees that too."
_PICKLE = "Loading such data runs whatever its author put in. Load only what you made yourself; JSON is safe."
_XML = "Python's XML parsers can be made to use up all memory by a small hostile file. Parse only files that you trust."
_PLAIN_NETWORK = "This protocol sends everything, passwords included, unencrypted. Use an encrypted one."
_CIPHER = "This cipher or mode is broken. Use AES in GCM mode, or what the `cryptography` package recommends."
_OLD_TLS = "This allows old versions of TLS that can be broken. Leave the version to the library's default."
_TEMPLATE = "What goes into this template is not escaped, so it can bring scripts into a page. Switch escaping on."
_MARKUP = "Text marked as safe is not escaped: if it comes from somebody else, it can bring scripts into a page."
_SQL = "SQL is put together from pieces of text: a value can change what the statement does. Pass values as parameters."
_SHELL = "A value in this command can start other commands. Give program and arguments as a list, without a shell."
_PROCESS = "This starts another program. Its name and arguments must not come from somebody else."
_SNMP = "This SNMP is not encrypted. Use version 3 with authentication and privacy."

_REASONS = {
    "B102": "`exec` runs any text as code. If a part of it comes from elsewhere, so does what runs.",
    "B103": "This lets everybody on the machine read or change the file.",
    "B104": "This listens on every network of the machine, not just on this computer. Use 127.0.0.1.",
    "B105": _LEAKED,
    "B106": _LEAKED,
    "B107": _LEAKED,
    "B108": "A file of a known name in a shared folder can be put there by somebody else first. Use `tempfile`.",
    "B110": "Every error is passed over in silence here, wrong results included. Catch the one you expect.",
    "B112": "Every error skips this round in silence, wrong results included. Catch the one you expect.",
    "B113": "Without a timeout this waits for ever if the server does not answer.",
    "B201": "Flask's debug mode lets whoever reaches the page run code on the machine.",
    "B202": "An archive can name files outside of the folder it is unpacked to. Use `extractall(filter='data')`.",
    "B301": _PICKLE,
    "B302": _PICKLE,
    "B304": _CIPHER,
    "B305": _CIPHER,
    "B306": "Between choosing this name and opening the file, somebody else can put a file there. Use `mkstemp`.",
    "B307": "`eval` runs any text as code. For numbers, lists and other literals, use `ast.literal_eval`.",
    "B308": _MARKUP,
    "B310": "This opens any address, local files (`file:`) included. Check that the address begins with https.",
    "B311": "Fine for games and simulations. For passwords and tokens, use `secrets`: these numbers can be foretold.",
    "B312": _PLAIN_NETWORK,
    "B321": _PLAIN_NETWORK,
    "B323": "The server's certificate is not checked: anybody in between can read and change what is sent.",
    "B324": "MD5 and SHA-1 no longer protect anything. Use SHA-256, or say `usedforsecurity=False`.",
    "B401": _PLAIN_NETWORK,
    "B402": _PLAIN_NETWORK,
    "B403": _PICKLE,
    "B404": _PROCESS,
    "B411": "XML-RPC trusts what the other side sends. Talk to servers of your own only.",
    "B412": "Programs behind CGI take their proxy from whoever calls them.",
    "B413": "PyCrypto is no longer kept and has known holes. Use `cryptography`.",
    "B415": "IPMI is known to be insecure.",
    "B501": "The server's certificate is not checked: anybody in between can read and change what is sent.",
    "B502": _OLD_TLS,
    "B503": _OLD_TLS,
    "B504": _OLD_TLS,
    "B505": "The key is too short to protect anything. Use at least 2048 bits for RSA.",
    "B506": "This YAML can make any Python object, and so run code. Use `yaml.safe_load`.",
    "B507": "The server's key is not checked: anybody in between can read and change what is sent.",
    "B508": _SNMP,
    "B509": _SNMP,
    "B601": _SHELL,
    "B602": _SHELL,
    "B603": _PROCESS,
    "B604": _SHELL,
    "B605": _SHELL,
    "B606": _PROCESS,
    "B607": "Which program this starts depends on the search path. Name it with its whole path.",
    "B608": _SQL,
    "B609": "The shell expands `*` to file names, and a file can have a name that looks like an option.",
    "B610": _SQL,
    "B611": _SQL,
    "B612": "Whoever reaches this port can run code by sending a configuration.",
    "B613": "The text holds characters that make code read differently from how it runs.",
    "B614": "A model file can run code when it is loaded. Use `weights_only=True`.",
    "B615": "What is downloaded can change from one day to the next. Name the revision.",
    "B701": _TEMPLATE,
    "B702": _TEMPLATE,
    "B703": _MARKUP,
    "B704": _MARKUP,
    **{f"B{number}": _XML for number in (*range(313, 321), *range(405, 411))},
}


def reason_of(rule: str, words: str) -> str:
    """Why the rule's finding matters; `words` are Bandit's own."""
    return _REASONS.get(rule, words)
