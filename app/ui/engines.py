"""The engine and the models to choose from, as the page's script takes them."""

from typing import Any

from app.session import Choice
from model.host import EngineStatus

Json = dict[str, Any]


def engine(its: EngineStatus) -> Json:
    """How far the model is."""
    return {
        "state": its.state,
        "model": its.model_id,
        "name": its.model_name,
        "quantisation": its.quantisation,
        "placement": its.server,
        "remote": bool(its.server),
        "done_bytes": its.done_bytes,
        "total_bytes": its.total_bytes,
        "bytes_per_second": its.bytes_per_second,
        "seconds_left": its.seconds_left,
        "tokens_per_second": its.tokens_per_second,
        "message": its.message,
        "failure": its.failure,
    }


def model(its: Choice) -> Json:
    """One model that can be chosen."""
    entry = its.entry
    return {
        "id": entry.id,
        "name": entry.name,
        "parameters": _amount(entry.parameters, "B"),
        "licence": entry.licence,
        "context": entry.context_length,
        "size": f"{_amount(entry.bytes, 'G')}B",
        "style": entry.prompt_style,
        "on_disk": its.on_disk,
        "fits": its.fits,
        "note": its.note,
    }


def _amount(number: int, billions: str) -> str:
    billion = 10**9
    return f"{number / billion:.1f} {billions}" if number >= billion else f"{number / 10**6:.0f} M"
