"""The audit: what a static scan says of a program before it runs. It composes Bandit and the sandbox."""

from .mending import request_of
from .scanner import Audit, Finding, Scanner

__all__ = ["Audit", "Finding", "Scanner", "request_of"]
