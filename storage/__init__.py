"""Sessions as they are stored: records, and a database that keeps them.

Example:
    >>> database = Database("sqlite:///data/playground.db")
    >>> database.migrate()
    >>> with database.begin() as transaction:
    ...     session = transaction.create_session(owner)
"""

from storage.database import Database
from storage.transaction import Transaction

__all__ = ["Database", "Transaction"]
