"""How a kernel writes its messages."""

import json
from typing import Any

from jupyter_client.jsonutil import json_clean, json_default
from jupyter_client.session import json_packer


def pack(message: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Encode a message. Half a surrogate pair, which has no UTF-8 and would stop the message, becomes U+FFFD."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        text = json.dumps(json_clean(message), default=json_default, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
